package import DumpFormat
import Glibc
import JSON

/// A dump directory. Its functions block for as long as the volume takes.
package struct DumpDirectory: Sendable {
  /// The directory's path, and the stem of its dumps' names.
  package let location: DumpLocation
  let files: any FileOperations

  /// Names a directory, which need not exist yet.
  package init(_ location: DumpLocation, files: any FileOperations = LiveFileOperations()) {
    self.location = location
    self.files = files
  }

  /// Whether the path is a directory.
  package var exists: Bool {
    var status = stat()
    return stat(location.directory, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Opens a dump for reading.
  ///
  /// - Throws: `DumpDirectoryError` when the file can't be opened, `DumpFormatError` when it can't be a dump.
  package func open(_ path: String) throws -> UnverifiedDump {
    try UnverifiedDump(DumpFileSource(path: path))
  }

  /// Opens a file to read its bytes unchanged.
  ///
  /// - Throws: `DumpDirectoryError`, `outside` when the path is not a regular file.
  package func source(of path: String) throws(DumpDirectoryError) -> any DumpSource {
    try DumpFileSource(path: path)
  }

  /// Begins a dump in this directory or in one inside it.
  ///
  /// - Parameters:
  ///   - target: the directory and the stem of the dump's name.
  ///   - seconds: Unix time, for the name.
  ///   - writer: creates the format's writer for the file.
  package func beginDump(
    to target: DumpLocation, at seconds: Int, _ writer: (DumpFile) throws -> DumpWriter<DumpFile>
  ) throws -> PendingDump {
    guard location.stillHolds(target) else {
      throw DumpDirectoryError(.outside, target.directory, "no longer lies in the dump directory; a link leads out")
    }
    try files.makeDirectories(target.directory)
    let name = DumpName(stem: target.stem, seconds: seconds)
    let file = try TemporaryFile(for: name.file, in: target.directory, files: files)
    if !target.directory.hasSameBytes(as: location.directory) {
      try removeLeftovers(in: target, now: modifiedAt(file.descriptor))
    }
    let writer = try writer(DumpFile(file, files: files))
    return PendingDump(directory: self, target: target, name: name, file: file, writer: writer)
  }

  /// Begins a copy of a dump or a journal from elsewhere. The copy keeps its name.
  ///
  /// - Throws: `DumpDirectoryError` `outside` when the name is not that of a dump or a journal.
  package func beginCopy(_ name: String) throws(DumpDirectoryError) -> PendingCopy {
    guard DumpName(name) != nil || JournalName(name) != nil, !name.utf8.contains(UInt8(ascii: "/")) else {
      throw DumpDirectoryError(.outside, name, "is no name of a dump or a journal")
    }
    let temporary = try TemporaryFile(for: name, in: location.directory, files: files)
    return PendingCopy(directory: self, name: name, temporary: temporary)
  }

  static func names(in directory: String) throws(DumpDirectoryError) -> [String] {
    guard let stream = opendir(directory) else { throw DumpDirectoryError(reading: "opendir", directory, errno: errno) }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      // `readdir` returns nil both at the end and after a failure; only `errno` tells them apart. An incomplete list
      // could lack the newest dump, so it counts as a failure.
      errno = 0
      guard let entry = readdir(stream) else { break }
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(validating: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if let name, name != ".", name != ".." { names.append(name) }
    }
    guard errno == 0 else { throw DumpDirectoryError(reading: "readdir", directory, errno: errno) }
    return names
  }
}
