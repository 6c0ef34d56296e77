import Glibc

/// Returns memory to the system that only the start needed.
///
/// Loading a program and its libraries touches pages of code that its work never runs. They are backed by files, so
/// giving them back costs nothing but a fault for those that are wanted again: resident memory falls to what the work
/// really uses, and leaves the task's memory for the state.
package enum ResidentMemory {
  /// Returns the pages of code. Those that run come back, from memory as a rule.
  package static func trim() {
    guard let maps = try? ProcessEnvironment.text(of: "/proc/self/maps") else { return }
    for (start, length) in ranges(in: maps) {
      madvise(UnsafeMutableRawPointer(bitPattern: start), length, MADV_DONTNEED)
    }
  }

  /// Bytes of a block from which on it has pages of its own while the state is loaded, which needs many of a mebibyte,
  /// one after the other.
  package static let largeBlockAtStart: CInt = 1_100_000
  /// The same from then on.
  package static let largeBlock: CInt = 256 << 10

  /// Has the C library give large blocks pages of their own, which go back to the system when a block is freed
  /// (mallopt(3), `M_MMAP_THRESHOLD`). Otherwise it keeps them for each thread, and a dump's threads are new each time.
  /// It keeps a mebibyte of smaller blocks for each thread (`M_TRIM_THRESHOLD`).
  ///
  /// - Returns: whether the library took it.
  @discardableResult
  package static func returnBlocks(from bytes: CInt) -> Bool {
    guard let function = dlsym(nil, "mallopt") else { return false }
    let set = unsafeBitCast(function, to: (@convention(c) (CInt, CInt) -> CInt).self)
    return set(mmapThreshold, bytes) == 1 && set(trimThreshold, 1 << 20) == 1
  }

  /// `M_MMAP_THRESHOLD` and `M_TRIM_THRESHOLD` of `malloc.h`.
  private static let mmapThreshold: CInt = -3
  private static let trimThreshold: CInt = -1

  /// Lets the C library give back the free parts of its heap, where it can. It holds locks of the heap meanwhile.
  package static func trimHeap() {
    // Swift's module of the C library does not have this function.
    guard let function = dlsym(nil, "malloc_trim") else { return }
    let trim = unsafeBitCast(function, to: (@convention(c) (Int) -> CInt).self)
    _ = trim(0)
  }

  /// The mappings of files that were never written: of their pages the file has a copy.
  ///
  /// - Parameter maps: the lines of proc(5), such as
  ///   `55a751c98000-55a752484000 r-xp 00000000 fe:00 1234 /usr/bin/x`.
  static func ranges(in maps: String) -> [(start: UInt, length: Int)] {
    var found: [(start: UInt, length: Int)] = []
    var path: Substring?
    for line in maps.split(separator: "\n") {
      let columns = line.split(separator: " ")
      let before = path
      path = columns.count >= 6 && columns[5].hasPrefix("/") ? columns[5] : nil
      guard let path else { continue }
      // Code, and what stands at a library's beginning: names and tables that only the loader reads. What can only be
      // read by now but lies further behind was relocated, and the file has another copy. Its offset can be 0, too: a
      // small library has all its parts in the first page of the file.
      guard columns[1] == "r-xp" || columns[1] == "r--p" && columns[2] == "00000000" && path != before else { continue }
      let bounds = columns[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      guard bounds.count == 2, bounds[0] < bounds[1] else { continue }
      found.append((bounds[0], Int(bounds[1] - bounds[0])))
    }
    return found
  }
}
