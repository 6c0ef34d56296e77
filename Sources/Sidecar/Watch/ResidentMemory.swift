import Glibc
import Settings

/// Gives memory back that only the start needed.
///
/// libcurl comes with some thirty libraries, and loading them touches pages of code that a watch never runs. They are backed
/// by files, so giving them back costs nothing but a fault for those that are wanted again: resident memory falls to what the
/// watch really uses, beside a service that wants the task's memory for its state.
enum ResidentMemory {
  static func trim() {
    guard let maps = try? ProcessEnvironment.text(of: "/proc/self/maps") else { return }
    for line in maps.split(separator: "\n") {
      guard let (start, length) = range(of: line) else { continue }
      madvise(UnsafeMutableRawPointer(bitPattern: start), length, MADV_DONTNEED)
    }
  }

  /// - Returns: where a mapping lies, when it is a file's and was never written: of such pages the file has a copy.
  static func range(of line: Substring) -> (start: UInt, length: Int)? {
    // proc(5): `55a751c98000-55a752484000 r-xp 00000000 fe:00 1234 /usr/bin/x`
    let columns = line.split(separator: " ")
    guard columns.count >= 6, columns[5].hasPrefix("/") else { return nil }
    // Code, and what stands at a library's beginning: names and tables that only the loader reads. What can only be read by
    // now but lies further behind may have been relocated, and then the file has another copy.
    guard columns[1] == "r-xp" || columns[1] == "r--p" && columns[2] == "00000000" else { return nil }
    let bounds = columns[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
    guard bounds.count == 2, bounds[0] < bounds[1] else { return nil }
    return (bounds[0], Int(bounds[1] - bounds[0]))
  }
}
