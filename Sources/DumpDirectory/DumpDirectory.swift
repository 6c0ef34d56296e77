package import DumpFormat
import Glibc
import JSON

/// The dumps of one volume.
package struct DumpDirectory: Sendable {
  package let location: DumpLocation
  let files: any FileOperations

  package init(_ location: DumpLocation, files: any FileOperations = LiveFileOperations()) {
    self.location = location
    self.files = files
  }

  package var exists: Bool {
    var status = stat()
    return stat(location.directory, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Opens a dump for reading.
  package func open(_ path: String) throws -> UnverifiedDump {
    try UnverifiedDump(DumpFileSource(path: path))
  }

  /// A dump's bytes as they stand.
  package func source(of path: String) throws(DumpDirectoryError) -> any DumpSource {
    try DumpFileSource(path: path)
  }

  /// Takes in a dump from elsewhere under its own name, once it was checked.
  ///
  /// - Parameters:
  ///   - fill: writes the dump into the file it is given, and returns the file.
  ///   - check: is given the unfinished file; when it throws, nothing is left.
  /// - Returns: the dump's absolute path.
  /// - Throws: `DumpDirectoryError` `taken` when the directory has a file of that name.
  package func adopt(
    _ name: String, fill: (DumpFile) throws -> DumpFile, check: (UnverifiedDump) throws -> Void
  ) throws -> String {
    guard DumpName(name) != nil, !name.utf8.contains(UInt8(ascii: "/")) else {
      throw DumpDirectoryError(.outside, name, "is no name of a dump")
    }
    let path = "\(location.directory)/\(name)"
    let temporary = try TemporaryFile(for: name, in: location.directory, files: files)
    do {
      _ = try fill(DumpFile(path: temporary.path, descriptor: temporary.descriptor, files: files))
      try check(UnverifiedDump(DumpFileSource(path: temporary.path)))
      try files.synchronize(temporary.descriptor, temporary.path)
      guard try files.rename(temporary.path, to: path) else { throw DumpDirectoryError("link", path, errno: EEXIST) }
      try files.synchronizeDirectory(location.directory)
      return path
    } catch {
      try? files.unlink(temporary.path)
      throw error
    }
  }

  /// Writes a dump: into a temporary file of the same directory, safe on the volume before it gets its name, and its
  /// name safe before this returns. Whatever fails, the temporary file is removed and other dumps stay as they were.
  ///
  /// - Parameters:
  ///   - target: where; this directory or one inside it.
  ///   - seconds: Unix time, for the name.
  ///   - fence: called when the dump is safe and has no name yet, and again when it has one: what it throws keeps the dump from
  ///     getting one, or moves it to where no start looks (`deposedName`).
  ///   - produce: writes the dump into the file it is given, and returns the file with the summary.
  package func write(
    to target: DumpLocation, at seconds: Int, fence: () throws -> Void = {},
    produce: (DumpFile) throws -> (summary: DumpSummary, sink: DumpFile)
  ) throws -> WrittenDump {
    guard location.stillHolds(target) else {
      throw DumpDirectoryError(.outside, target.directory, "no longer lies in the directory of dumps; a link leads out")
    }
    try files.makeDirectories(target.directory)
    var name = DumpName(stem: target.stem, seconds: seconds)
    let temporary = try TemporaryFile(for: name.file, in: target.directory, files: files)
    do {
      if !target.directory.hasSameBytes(as: location.directory) {
        try removeLeftovers(in: target, now: modifiedAt(temporary.descriptor))
      }
      let (summary, _) = try produce(DumpFile(path: temporary.path, descriptor: temporary.descriptor, files: files))
      try files.synchronize(temporary.descriptor, temporary.path)
      try fence()
      name = try rename(temporary.path, into: target.directory, from: name)
      let path = "\(target.directory)/\(name.file)"
      do {
        try files.synchronizeDirectory(target.directory)
        try fence()
      } catch let error as DumpDirectoryError where error.code == .leaseLost {
        // The process was frozen between the two: no start would choose this dump, and it may be all there is of its changes.
        try moveToDeposed(path, name)
        throw error
      } catch {
        // It may vanish with the next power failure, so nobody may be told that it is there.
        try? files.unlink(path)
        throw error
      }
      return WrittenDump(path: path, summary: summary)
    } catch {
      try? files.unlink(temporary.path)
      throw error
    }
  }

  /// Where the state of a process goes that lost the lease with changes that no dump holds. A start does not look there.
  package static let deposedName = "deposed"

  /// Where this directory's dumps of that kind go.
  package var deposed: DumpLocation {
    DumpLocation(directory: "\(location.directory)/\(Self.deposedName)", stem: location.stem)
  }

  private func moveToDeposed(_ path: String, _ name: DumpName) throws(DumpDirectoryError) {
    let directory = deposed.directory
    try files.makeDirectories(directory)
    _ = try rename(path, into: directory, from: name)
    try files.synchronizeDirectory(directory)
  }

  /// Gives a file the first name of its second that is free.
  ///
  /// - Throws: `DumpDirectoryError` `taken` when none is, or when the volume says so of each.
  private func rename(
    _ path: String, into directory: String, from first: DumpName
  ) throws(DumpDirectoryError) -> DumpName {
    var name = first
    while try !files.rename(path, to: "\(directory)/\(name.file)") {
      guard name.number < DumpName.largestNumber else {
        throw DumpDirectoryError("link", "\(directory)/\(first.file)", errno: EEXIST)
      }
      name = name.next
    }
    return name
  }

  static func names(in directory: String) throws(DumpDirectoryError) -> [String] {
    guard let stream = opendir(directory) else { throw DumpDirectoryError(reading: "opendir", directory, errno: errno) }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      // A failure ends the entries as their end does, and only this tells them apart. Half a directory may lack the
      // newest dump, so it is none.
      errno = 0
      guard let entry = readdir(stream) else { break }
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(validating: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if let name, name != ".", name != ".." { names.append(name) }
    }
    guard errno == 0 else { throw DumpDirectoryError(reading: "readdir", directory, errno: errno) }
    return names
  }
}

/// A dump that is safe on the volume under its name.
package struct WrittenDump: Sendable {
  /// Absolute.
  package let path: String
  package let summary: DumpSummary
}
