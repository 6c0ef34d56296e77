package import DumpFormat
import Glibc

/// The dumps of one volume.
package struct DumpDirectory: Sendable {
  package let location: DumpLocation
  private let files: any FileOperations

  package init(_ location: DumpLocation, files: any FileOperations = LiveFileOperations()) {
    self.location = location
    self.files = files
  }

  /// Makes the directory, tries whether it can be written, and removes what dead processes left behind.
  ///
  /// - Returns: the names of the files that were removed.
  @discardableResult
  package func prepare() throws(DumpDirectoryError) -> [String] {
    try make(location.directory)
    let probe = "\(location.directory)/.\(location.stem)-probe-\(getpid()).tmp"
    try files.unlink(probe)
    let descriptor = try files.create(probe)
    do {
      defer { close(descriptor) }
      try ([UInt8](repeating: 0, count: 16)).withUnsafeBytes { bytes in
        Result { () throws(DumpDirectoryError) in try files.write(descriptor, bytes, probe) }
      }.get()
      try files.synchronize(descriptor, probe)
    } catch {
      try? files.unlink(probe)
      throw error
    }
    try files.unlink(probe)
    return try removeLeftovers()
  }

  /// Opens a dump for reading.
  package func open(_ path: String) throws -> UnverifiedDump {
    try UnverifiedDump(DumpFileSource(path: path))
  }

  /// Writes a dump: into a temporary file of the same directory, safe on the volume before it gets its name, and its
  /// name safe before this returns. Whatever fails, the temporary file is removed and other dumps stay as they were.
  ///
  /// - Parameters:
  ///   - target: where; this directory or one inside it.
  ///   - seconds: Unix time, for the name.
  ///   - produce: writes the dump into the file it is given, and returns the file with the summary.
  package func write(
    to target: DumpLocation, at seconds: Int, produce: (DumpFile) throws -> (summary: DumpSummary, sink: DumpFile)
  ) throws -> WrittenDump {
    try make(target.directory)
    var name = DumpName(stem: target.stem, seconds: seconds)
    let temporary = "\(target.directory)/.\(name.file).\(getpid()).tmp"
    try files.unlink(temporary)
    let descriptor = try files.create(temporary)
    do {
      defer { close(descriptor) }
      // Held for as long as this process lives: another one that starts sees that the file is no leftover.
      _ = flock(descriptor, LOCK_EX | LOCK_NB)
      let (summary, _) = try produce(DumpFile(path: temporary, descriptor: descriptor, files: files))
      try files.synchronize(descriptor, temporary)
      while try !files.rename(temporary, to: "\(target.directory)/\(name.file)") { name = name.next }
      let path = "\(target.directory)/\(name.file)"
      do {
        try files.synchronizeDirectory(target.directory)
      } catch {
        // It may vanish with the next power failure, so nobody may be told that it is there.
        try? files.unlink(path)
        throw error
      }
      return WrittenDump(path: path, summary: summary)
    } catch {
      try? files.unlink(temporary)
      throw error
    }
  }

  /// Makes a directory and those above it that are missing.
  private func make(_ directory: String) throws(DumpDirectoryError) {
    var path = ""
    for segment in directory.split(separator: "/") {
      path += "/" + segment
      var status = stat()
      if stat(path, &status) != 0 { try files.makeDirectory(path) }
    }
  }

  private func removeLeftovers() throws(DumpDirectoryError) -> [String] {
    var removed: [String] = []
    for name in try Self.names(in: location.directory) where name.hasPrefix(".") && name.hasSuffix(".tmp") {
      let body = name.dropFirst().dropLast(".tmp".count)
      guard let dot = body.lastIndex(of: "."), DumpName(String(body[..<dot])) != nil else { continue }
      let path = "\(location.directory)/\(name)"
      guard !Self.isLocked(path) else { continue }
      try files.unlink(path)
      removed.append(name)
    }
    return removed
  }

  /// Whether a living process is writing the file.
  private static func isLocked(_ path: String) -> Bool {
    let descriptor = Glibc.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  static func names(in directory: String) throws(DumpDirectoryError) -> [String] {
    guard let stream = opendir(directory) else { throw DumpDirectoryError("opendir", directory, errno: errno) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(validating: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if let name, name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}

/// A dump that is safe on the volume under its name.
package struct WrittenDump: Sendable {
  /// Absolute.
  package let path: String
  package let summary: DumpSummary
}
