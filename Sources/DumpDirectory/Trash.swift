import Glibc
import JSON

/// A dump or a journal in the trash, which is not yet unlinked.
package struct TrashedDump: Sendable, Equatable {
  /// The file's name in the trash.
  package let name: String
  /// The file's size in bytes.
  package let bytes: Int
  /// The Unix time at which it was moved to the trash.
  package let trashedAt: Int
}

/// Dumps and journals that are removed first move to `trash/` in the dump directory. An operator who still needs one
/// can move it back by hand.
extension DumpDirectory {
  /// The name of the trash's directory.
  package static let trashName = "trash"

  var trashDirectory: String { "\(location.directory)/\(Self.trashName)" }

  /// Moves a dump or a journal to the trash.
  ///
  /// - Parameter identity: the file's identity when its removal was decided. A file with another identity stays.
  /// - Returns: whether it moved. Another process may have moved it before.
  @discardableResult
  package func moveToTrash(_ name: String, _ identity: FileIdentity) throws(DumpDirectoryError) -> Bool {
    let path = "\(location.directory)/\(name)"
    guard isOurs(name) else {
      throw DumpDirectoryError(.outside, path, "is no dump and no journal of '\(location.stem)'")
    }
    do {
      guard try FileIdentity(of: path) == identity else { return false }
    } catch {
      guard error.code == .notFound || error.code == .outside else { throw error }
      return false
    }
    try files.makeDirectory(trashDirectory)
    guard isDirectory(trashDirectory) else {
      throw DumpDirectoryError(.outside, trashDirectory, "is no directory; remove what has its name")
    }
    // The file's age in the trash is counted from this time.
    try files.touch(path)
    // If the name is taken in the trash, another dump of the same second from another time has it. Both are kept.
    for number in 0..<1000 {
      let target = "\(trashDirectory)/\(name)" + (number == 0 ? "" : ".\(number)")
      guard try files.rename(path, to: target) else { continue }
      try files.synchronizeDirectory(trashDirectory)
      try files.synchronizeDirectory(location.directory)
      return true
    }
    throw DumpDirectoryError("link", path, errno: EEXIST)
  }

  /// The location's dumps and journals in the trash, by their names. Unreadable ones that pruning removed are among
  /// them.
  package func trash() throws(DumpDirectoryError) -> [TrashedDump] {
    guard isDirectory(trashDirectory) else { return [] }
    var dumps: [TrashedDump] = []
    for name in try Self.names(in: trashDirectory) where isTrashed(name) {
      do throws(DumpDirectoryError) {
        let identity = try FileIdentity(of: "\(trashDirectory)/\(name)")
        dumps.append(
          TrashedDump(name: name, bytes: identity.bytes, trashedAt: identity.modifiedAt / 1_000_000_000))
      } catch {
        // The file is gone meanwhile, or is not a regular file.
        guard error.code == .notFound || error.code == .outside else { throw error }
      }
    }
    return dumps.sorted { ($0.trashedAt, $0.name) < ($1.trashedAt, $1.name) }
  }

  /// The paths of the dumps and journals in the trash.
  package func trashedPaths() throws(DumpDirectoryError) -> [String] {
    try trash().map { "\(trashDirectory)/\($0.name)" }
  }

  /// Unlinks a dump or a journal in the trash. It can't be recovered.
  package func removeFromTrash(_ name: String) throws(DumpDirectoryError) {
    guard isTrashed(name) else {
      throw DumpDirectoryError(
        .outside, "\(trashDirectory)/\(name)", "is no dump and no journal of '\(location.stem)' in the trash")
    }
    try files.unlink("\(trashDirectory)/\(name)")
  }

  private func isOurs(_ name: String) -> Bool { location.owns(name) || location.ownsJournal(name) }

  /// Whether a name is one that `moveToTrash` gives: that of a dump or a journal, or one followed by a dot and a number
  /// from 1 to 999.
  private func isTrashed(_ name: String) -> Bool {
    if isOurs(name) { return true }
    let bytes = Array(name.utf8)
    guard let dot = bytes.lastIndex(of: UInt8(ascii: ".")),
      let number = Int(String(decoding: bytes[(dot + 1)...], as: UTF8.self)), (1..<1000).contains(number)
    else { return false }
    let original = String(decoding: bytes[..<dot], as: UTF8.self)
    return name.hasSameBytes(as: "\(original).\(number)") && isOurs(original)
  }

  /// Whether the path is a directory. A link is not, because its target is not ours.
  private func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
