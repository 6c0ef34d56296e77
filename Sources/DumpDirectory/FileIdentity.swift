import Glibc
import JSON

/// Identifies a file's contents: it differs when another file takes the name, and when the file changes.
package struct FileIdentity: Sendable, Equatable, Hashable {
  /// The file's size in bytes.
  package let bytes: Int
  /// The time of the last change of content in nanoseconds since 1970, by the volume's clock.
  package let modifiedAt: Int
  /// The file's inode number.
  package let inode: UInt64

  /// Creates an identity from stored numbers.
  package init(bytes: Int, modifiedAt: Int, inode: UInt64) {
    self.bytes = bytes
    self.modifiedAt = modifiedAt
    self.inode = inode
  }

  init(_ status: stat) {
    self.init(
      bytes: Int(status.st_size), modifiedAt: Self.nanoseconds(status.st_mtim), inode: UInt64(status.st_ino))
  }

  /// Reads the attributes of a file. Links are not followed.
  ///
  /// - Throws: `DumpDirectoryError` `notFound`, or `outside` when the path is not a regular file.
  package init(of path: String) throws(DumpDirectoryError) {
    var status = stat()
    guard lstat(path, &status) == 0 else { throw DumpDirectoryError(reading: "lstat", path, errno: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw DumpDirectoryError(.outside, path, "is no regular file") }
    self.init(status)
  }

  private static func nanoseconds(_ time: timespec) -> Int { time.tv_sec &* 1_000_000_000 &+ time.tv_nsec }
}

extension DumpDirectory {
  /// Returns a value that changes when one of the location's dumps or journals is added or removed, and, if `isClose`,
  /// also when a dump changes.
  ///
  /// - Parameter isClose: whether to read each file's attributes too. That is one operation on the volume for each
  ///   file, and some volumes bill each. Without it, only the list of names is read.
  package func fingerprint(isClose: Bool) throws(DumpDirectoryError) -> DumpFingerprint {
    let all = try Self.names(in: location.directory).sorted { $0.precedesByBytes($1) }
    let names = all.filter { location.owns($0) || location.ownsJournal($0) }
    guard isClose else { return DumpFingerprint(names: names, identities: nil) }
    return DumpFingerprint(
      names: names,
      identities: names.filter(location.owns).map { try? FileIdentity(of: "\(location.directory)/\($0)") })
  }
}

/// The state of a directory's dumps and journals at one moment, kept as two numbers.
package struct DumpFingerprint: Sendable {
  private let names: Int
  private let identities: Int?

  init(names: [String], identities: [FileIdentity?]?) {
    self.names = names.hashValue
    self.identities = identities?.hashValue
  }

  /// Whether the files' attributes were read.
  package var isClose: Bool { identities != nil }

  /// Whether nothing changed. The attributes are compared only if both fingerprints have them.
  package func isSame(as other: DumpFingerprint) -> Bool {
    guard names == other.names else { return false }
    guard let identities, let others = other.identities else { return true }
    return identities == others
  }
}
