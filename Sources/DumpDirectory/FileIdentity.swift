import Glibc

/// What tells a file from another one that took its name, and from itself after a change.
package struct FileIdentity: Sendable, Equatable, Hashable {
  package let bytes: Int
  /// Nanoseconds since 1970, of the last change of content, by the volume's clock.
  package let modifiedAt: Int
  package let inode: UInt64

  package init(bytes: Int, modifiedAt: Int, inode: UInt64) {
    self.bytes = bytes
    self.modifiedAt = modifiedAt
    self.inode = inode
  }

  init(_ status: stat) {
    self.init(
      bytes: Int(status.st_size), modifiedAt: Self.nanoseconds(status.st_mtim), inode: UInt64(status.st_ino))
  }

  /// Looks without following links.
  ///
  /// - Throws: `DumpDirectoryError` `notFound`, or `outside` for what is no regular file.
  package init(of path: String) throws(DumpDirectoryError) {
    var status = stat()
    guard lstat(path, &status) == 0 else { throw DumpDirectoryError("lstat", path, errno: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw DumpDirectoryError(.outside, path, "is no regular file") }
    self.init(status)
  }

  private static func nanoseconds(_ time: timespec) -> Int { time.tv_sec &* 1_000_000_000 &+ time.tv_nsec }
}

extension DumpDirectory {
  /// A number that changes when a file that may be a dump comes, goes or changes. Costs a list of names.
  package func fingerprint() throws(DumpDirectoryError) -> Int {
    var hasher = Hasher()
    for name in try Self.names(in: location.directory).sorted() where name.hasSuffix(DumpName.suffix) {
      hasher.combine(name)
      hasher.combine(try? FileIdentity(of: "\(location.directory)/\(name)"))
    }
    return hasher.finalize()
  }
}
