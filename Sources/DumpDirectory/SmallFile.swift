import Glibc
import JSON

/// The small JSON files beside the dumps: the sidecar's verification cache and receipts, and the lease.
package enum SmallFile {
  /// The largest size of such a file in bytes. A larger file is not one of ours. Files that grow with the number of
  /// dumps or of users have larger bounds of their own.
  package static let maximumSize = 4 << 20

  /// Whether a name is one that Gatehouse gives to files beside dumps.
  static func isName(_ name: String) -> Bool {
    guard name.endsWithBytes(".json") else { return false }
    return name.beginsWithBytes("drain-") || name.beginsWithBytes(".gatehouse-")
      || name.hasSameBytes(as: LeaseVolume.file)
  }
}

extension DumpDirectory {
  /// Reads a small file of the directory.
  ///
  /// - Parameter maximum: the largest size in bytes.
  /// - Throws: `DumpDirectoryError`: `notFound` when there is none, `outside` for a link or a file that is too large.
  package func readSmallFile(
    _ name: String, maximum: Int = SmallFile.maximumSize
  ) throws(DumpDirectoryError) -> [UInt8] {
    let path = "\(location.directory)/\(name)"
    let source = try DumpFileSource(path: path)
    guard source.size <= maximum else {
      throw DumpDirectoryError(.outside, path, "is too large for what it should be")
    }
    var bytes = [UInt8](repeating: 0, count: source.size)
    do {
      let count = try bytes.withUnsafeMutableBytes { buffer in try source.read(at: 0, into: buffer) }
      return Array(bytes[..<count])
    } catch {
      throw DumpDirectoryError(.inputOutput, path, "\(error)")
    }
  }

  /// Writes a small file as a whole or not at all, and waits until it is safe on the volume.
  ///
  /// - Parameter replaces: whether to replace a file of that name; otherwise a taken name is an error.
  /// - Returns: the file's absolute path.
  @discardableResult
  package func writeSmallFile(
    _ name: String, _ bytes: [UInt8], replaces: Bool
  ) throws(DumpDirectoryError) -> String {
    let path = "\(location.directory)/\(name)"
    var file = try TemporaryFile(for: name, in: location.directory, files: files)
    try file.write(bytes)
    try file.synchronize()
    if replaces {
      try file.replace(path)
    } else if try !file.rename(to: path) {
      throw DumpDirectoryError("link", path, errno: EEXIST)
    }
    try files.synchronizeDirectory(location.directory)
    return path
  }

  /// The names of the directory's small files that begin with a prefix, sorted.
  package func smallFiles(prefix: String) throws(DumpDirectoryError) -> [String] {
    try Self.names(in: location.directory).filter { $0.beginsWithBytes(prefix) && SmallFile.isName($0) }.sorted()
  }

  /// Removes a small file. A missing file is not an error.
  package func removeSmallFile(_ name: String) throws(DumpDirectoryError) {
    guard SmallFile.isName(name) else {
      throw DumpDirectoryError(.outside, "\(location.directory)/\(name)", "is none of the files beside dumps")
    }
    try files.unlink("\(location.directory)/\(name)")
  }
}
