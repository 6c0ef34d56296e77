package import DumpFormat
import Glibc
import JSON

/// A dump that is being written. It is in a temporary file that no start looks at, and that is removed with this value.
///
/// Begin it with `DumpDirectory.beginDump`, append its records, `seal` it, and `publish` what that returns. Whatever fails
/// on the way, other dumps stay as they were.
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

  /// Starts a group of records; the one before it ends.
  package mutating func beginGroup(_ name: String) throws { try writer.beginGroup(name) }

  /// Adds a record to the present group.
  package mutating func append(_ record: UnsafeRawBufferPointer) throws { try writer.append(record: record) }

  /// Ends the dump, and makes its contents safe on the volume.
  package consuming func seal() throws -> SealedDump {
    let (summary, _) = try writer.finish()
    try file.synchronize()
    return SealedDump(directory: directory, target: target, name: name, file: file, summary: summary)
  }
}

/// A dump whose contents are safe on the volume, and that has no name yet.
package struct SealedDump: ~Copyable {
  let directory: DumpDirectory
  let target: DumpLocation
  let name: DumpName
  var file: TemporaryFile
  let summary: DumpSummary

  /// Gives the dump its name, which is safe on the volume when this returns.
  ///
  /// - Parameter fence: called before the dump gets its name, and again afterwards. What it throws first keeps the dump from
  ///   getting a name; a lost lease that it throws then moves the dump to where no start looks (`DumpDirectory.deposed`).
  package consuming func publish(fence: () throws -> Void = {}) throws -> WrittenDump {
    let files = directory.files
    try fence()
    let name = try takeName()
    let path = "\(target.directory)/\(name.file)"
    do {
      try files.synchronizeDirectory(target.directory)
      try fence()
    } catch let error as DumpDirectoryError where error.code == .leaseLost {
      // The process was frozen between the two calls. No start would choose this dump, and it may be all there is of its changes.
      try directory.moveToDeposed(path, name)
      throw error
    } catch {
      // The name may vanish with the next power failure, so nobody may be told of it.
      try? files.unlink(path)
      throw error
    }
    return WrittenDump(path: path, summary: summary)
  }

  /// Takes the first name of the dump's second that is free.
  private mutating func takeName() throws(DumpDirectoryError) -> DumpName {
    var name = name
    while try !file.rename(to: "\(target.directory)/\(name.file)") {
      guard name.number < DumpName.largestNumber else {
        throw DumpDirectoryError("link", "\(target.directory)/\(self.name.file)", errno: EEXIST)
      }
      name = name.next
    }
    return name
  }
}

/// A dump that is safe on the volume under its name.
package struct WrittenDump: Sendable {
  /// The absolute path.
  package let path: String
  package let summary: DumpSummary
}

/// A copy of a dump that is being received. It is in a temporary file, which is removed with this value.
package struct PendingCopy: ~Copyable {
  private let directory: DumpDirectory
  private let name: String
  private var temporary: TemporaryFile
  /// The file to write into.
  package let file: DumpFile

  init(directory: DumpDirectory, name: String, temporary: consuming TemporaryFile) {
    self.directory = directory
    self.name = name
    file = DumpFile(temporary, files: directory.files)
    self.temporary = temporary
  }

  /// What was written so far, to be verified.
  package func contents() throws -> UnverifiedDump {
    try UnverifiedDump(DumpFileSource(path: temporary.path))
  }

  /// Gives the copy its name, which is safe on the volume when this returns.
  ///
  /// - Returns: the dump's absolute path.
  /// - Throws: `DumpDirectoryError` `taken` when the directory has a file of that name.
  package consuming func publish() throws(DumpDirectoryError) -> String {
    let path = "\(directory.location.directory)/\(name)"
    try temporary.synchronize()
    guard try temporary.rename(to: path) else { throw DumpDirectoryError("link", path, errno: EEXIST) }
    try directory.files.synchronizeDirectory(directory.location.directory)
    return path
  }
}

extension DumpDirectory {
  /// The directory for the state of a process that lost the lease with changes that no dump holds. No start looks there.
  package static let deposedName = "deposed"

  /// Where this directory's dumps of that kind go.
  package var deposed: DumpLocation {
    DumpLocation(directory: "\(location.directory)/\(Self.deposedName)", stem: location.stem)
  }

  fileprivate func moveToDeposed(_ path: String, _ first: DumpName) throws(DumpDirectoryError) {
    let directory = deposed.directory
    try files.makeDirectories(directory)
    var name = first
    while try !files.rename(path, to: "\(directory)/\(name.file)") {
      guard name.number < DumpName.largestNumber else {
        throw DumpDirectoryError("link", "\(directory)/\(first.file)", errno: EEXIST)
      }
      name = name.next
    }
    try files.synchronizeDirectory(directory)
  }
}
