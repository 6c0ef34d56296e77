import Glibc
import JSON

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
    guard lstat(path, &status) == 0 else { throw DumpDirectoryError(reading: "lstat", path, errno: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw DumpDirectoryError(.outside, path, "is no regular file") }
    self.init(status)
  }

  private static func nanoseconds(_ time: timespec) -> Int { time.tv_sec &* 1_000_000_000 &+ time.tv_nsec }
}

extension DumpDirectory {
  /// What tells whether a dump of the location came or went, and when looked at closely, whether one changed.
  ///
  /// - Parameter isClose: asks for each file's attributes, too: a call of the volume for each, which one that bills calls bills.
  ///   Without it a list of names is all it costs.
  package func fingerprint(isClose: Bool) throws(DumpDirectoryError) -> DumpFingerprint {
    let names = try ownNames().sorted { $0.precedesByBytes($1) }
    guard isClose else { return DumpFingerprint(names: names, identities: nil) }
    return DumpFingerprint(
      names: names, identities: names.map { try? FileIdentity(of: "\(location.directory)/\($0)") })
  }
}

/// How the dumps of a directory looked, kept as two numbers.
package struct DumpFingerprint: Sendable {
  private let names: Int
  private let identities: Int?

  init(names: [String], identities: [FileIdentity?]?) {
    self.names = names.hashValue
    self.identities = identities?.hashValue
  }

  /// Whether attributes were looked at.
  package var isClose: Bool { identities != nil }

  /// Whether nothing changed, as far as both looked.
  package func isSame(as other: DumpFingerprint) -> Bool {
    guard names == other.names else { return false }
    guard let identities, let others = other.identities else { return true }
    return identities == others
  }
}
