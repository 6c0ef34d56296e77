package import DumpFormat
import Glibc
import JSON

/// A dump that is being written. Its temporary file is not read by any start, and is removed with this value.
///
/// Begin it with `DumpDirectory.beginDump`, append its records, `seal` it, and `publish` the result. A failure at any
/// step leaves other dumps unchanged.
package struct PendingDump: ~Copyable {
  private let directory: DumpDirectory
  private let target: DumpLocation
  private let name: DumpName
  private let file: TemporaryFile
  private var writer: DumpWriter<DumpFile>

  init(
    directory: DumpDirectory, target: DumpLocation, name: DumpName, file: consuming TemporaryFile,
    writer: DumpWriter<DumpFile>
  ) {
    self.directory = directory
    self.target = target
    self.name = name
    self.file = file
    self.writer = writer
  }

  /// Begins a group of records, and ends the previous group.
  package mutating func beginGroup(_ name: String) throws { try writer.beginGroup(name) }

  /// Adds a record to the present group.
  package mutating func append(_ record: UnsafeRawBufferPointer) throws { try writer.append(record: record) }

  /// Ends the dump, and waits until its contents are safe on the volume.
  package consuming func seal() throws -> SealedDump {
    let (summary, written) = try writer.finish()
    try file.synchronize()
    let identity = try written.ends.identity(summary.header)
    return SealedDump(
      directory: directory, target: target, name: name, file: file, summary: summary, identity: identity)
  }
}

/// A dump whose contents are safe on the volume, but that has no name yet.
package struct SealedDump: ~Copyable {
  let directory: DumpDirectory
  let target: DumpLocation
  let name: DumpName
  var file: TemporaryFile
  let summary: DumpSummary
  let identity: String

  /// Gives the dump its name. The name is safe on the volume when this returns.
  ///
  /// - Parameter fence: called before the dump gets its name, and again afterwards. If it throws the first time, the
  ///   dump gets no name. If it throws a lost lease the second time, the dump stays: the task that took over may have
  ///   loaded it, and its journal goes on from there. If that task did not, its own dumps and journals have a higher
  ///   epoch, and a start passes over this dump.
  package consuming func publish(fence: () throws -> Void = {}) throws -> WrittenDump {
    let files = directory.files
    try fence()
    let name = try takeName()
    let path = "\(target.directory)/\(name.file)"
    do {
      try files.synchronizeDirectory(target.directory)
      try fence()
    } catch let error as DumpDirectoryError where error.code == .leaseLost {
      throw error
    } catch {
      // The name could vanish in a power failure, so the dump must not be reported as written. Nobody else has gone on
      // from it while the lease is held.
      if (try? fence()) != nil { try? files.unlink(path) }
      throw error
    }
    return WrittenDump(path: path, summary: summary, identity: identity)
  }

  /// Takes the first free name for the dump's second.
  private mutating func takeName() throws(DumpDirectoryError) -> DumpName {
    try name.firstFree(in: target.directory) { path throws(DumpDirectoryError) in try file.rename(to: path) }
  }
}

/// A dump that is safe on the volume under its name.
package struct WrittenDump: Sendable {
  /// The absolute path.
  package let path: String
  /// The dump's header and its numbers of records.
  package let summary: DumpSummary
  /// The dump's identity (`DumpIdentity`).
  package let identity: String
}

/// A copy of a dump or a journal that is being received. Its temporary file is removed with this value.
package struct PendingCopy: ~Copyable {
  private let directory: DumpDirectory
  private let name: String
  private var temporary: TemporaryFile
  /// The file that receives the bytes.
  package let file: DumpFile

  init(directory: DumpDirectory, name: String, temporary: consuming TemporaryFile) {
    self.directory = directory
    self.name = name
    file = DumpFile(temporary, files: directory.files)
    self.temporary = temporary
  }

  /// The path of the file without its name, to verify what was written so far.
  package var path: String { temporary.path }

  /// Opens the bytes that were written so far, to verify them.
  package func contents() throws -> UnverifiedDump {
    try UnverifiedDump(DumpFileSource(path: temporary.path))
  }

  /// Gives the copy its name. The name is safe on the volume when this returns.
  ///
  /// - Returns: the dump's absolute path.
  /// - Throws: `DumpDirectoryError` `taken` when the directory already has a file of that name.
  package consuming func publish() throws(DumpDirectoryError) -> String {
    let path = "\(directory.location.directory)/\(name)"
    try temporary.synchronize()
    guard try temporary.rename(to: path) else { throw DumpDirectoryError("link", path, errno: EEXIST) }
    try directory.files.synchronizeDirectory(directory.location.directory)
    return path
  }

  /// Gives the copy its name, unless the directory has a file of that name with the same bytes, as from an attempt that
  /// was interrupted later.
  ///
  /// - Returns: the dump's absolute path.
  /// - Throws: `DumpDirectoryError` `taken` when the directory has another file of that name.
  package consuming func publishUnlessThere() throws -> String {
    let path = "\(directory.location.directory)/\(name)"
    let (own, other): (DumpFileSource, DumpFileSource)
    do {
      (own, other) = (try DumpFileSource(path: temporary.path), try DumpFileSource(path: path))
    } catch {
      return try publish()
    }
    guard own.size == other.size else { return try publish() }
    var buffers = [[UInt8](repeating: 0, count: 1 << 20), [UInt8](repeating: 0, count: 1 << 20)]
    var offset = 0
    while offset < own.size {
      let count = try buffers[0].withUnsafeMutableBytes { try own.read(at: offset, into: $0) }
      let others = try buffers[1].withUnsafeMutableBytes { try other.read(at: offset, into: $0) }
      guard count > 0, count == others, buffers[0].prefix(count) == buffers[1].prefix(count) else {
        return try publish()
      }
      offset += count
    }
    return path
  }
}

extension DumpDirectory {
  /// The name of the directory for dumps of processes that had lost the lease, when no other dump held their changes.
  /// No start reads it.
  package static let deposedName = "deposed"

  /// The location of such dumps of this directory.
  package var deposed: DumpLocation {
    DumpLocation(directory: "\(location.directory)/\(Self.deposedName)", stem: location.stem)
  }
}

extension DumpName {
  /// Tries the names of the same second in turn, and returns the first that is free.
  ///
  /// - Parameter take: gives a file the path, and returns whether the path was free.
  fileprivate func firstFree(
    in directory: String, _ take: (_ path: String) throws(DumpDirectoryError) -> Bool
  ) throws(DumpDirectoryError) -> DumpName {
    var name = self
    while try !take("\(directory)/\(name.file)") {
      guard name.number < DumpName.largestNumber else {
        throw DumpDirectoryError("link", "\(directory)/\(file)", errno: EEXIST)
      }
      name = name.next
    }
    return name
  }
}
