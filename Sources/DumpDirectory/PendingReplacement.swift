package import DumpFormat
import Glibc
import JSON

/// A dump or journal that is written again, to take the place of the file that it is made from. Until then that file is
/// as it was. The temporary file is removed with this value.
package struct PendingReplacement: ~Copyable {
  private let directory: DumpDirectory
  private let target: String
  /// The attributes of the file to be replaced, from before it was read.
  private let status: stat
  private var temporary: TemporaryFile
  /// The file that receives the bytes.
  package let file: DumpFile

  fileprivate init(
    _ directory: DumpDirectory, _ target: String, _ status: stat, _ temporary: consuming TemporaryFile
  ) {
    self.directory = directory
    self.target = target
    self.status = status
    file = DumpFile(temporary, files: directory.files)
    self.temporary = temporary
  }

  /// Waits until what was written is safe on the volume.
  ///
  /// - Returns: the contents, to verify them.
  package func synchronized() throws(DumpDirectoryError) -> any DumpSource {
    // The times of files in the trash tell how long they stay there.
    try temporary.imitate(status)
    try temporary.synchronize()
    return try DumpFileSource(path: temporary.path)
  }

  /// Puts the contents in the place of the file. The name is safe on the volume when this returns.
  ///
  /// - Throws: `DumpDirectoryError` `inputOutput` when the file was changed, replaced or removed meanwhile.
  package consuming func publish() throws(DumpDirectoryError) {
    var present = stat()
    guard lstat(target, &present) == 0, FileIdentity(present) == FileIdentity(status) else {
      throw DumpDirectoryError(.inputOutput, target, "it was changed, moved or removed while it was read; run it again")
    }
    try temporary.replace(target)
    try directory.files.synchronizeDirectory(DumpDirectory.parent(of: target))
  }
}

extension DumpDirectory {
  /// Begins to write a file again. The temporary file is made beside the other one, or in the directory for a file in
  /// the trash, so that a start removes what a crash left of it.
  ///
  /// - Parameter path: the absolute path of a dump or journal in the directory, in its trash or elsewhere.
  package func beginReplacement(of path: String) throws(DumpDirectoryError) -> PendingReplacement {
    var status = stat()
    guard lstat(path, &status) == 0 else { throw DumpDirectoryError(reading: "lstat", path, errno: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw DumpDirectoryError(.outside, path, "is no regular file") }
    let parent = Self.parent(of: path)
    let name = DumpEntry(path: path).name
    let isOurs = location.owns(name) || location.ownsJournal(name)
    let temporary = try TemporaryFile(
      for: isOurs ? name : DumpName(stem: location.stem, seconds: 0).file,
      in: parent.hasSameBytes(as: trashDirectory) ? location.directory : parent, files: files)
    return PendingReplacement(self, path, status, temporary)
  }

  /// The directory that a path is in.
  fileprivate static func parent(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(decoding: path.utf8[..<slash], as: UTF8.self)
  }
}
