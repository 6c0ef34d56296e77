import Glibc
import JSON

/// A dump that was taken out of the directory and is not unlinked yet.
package struct TrashedDump: Sendable, Equatable {
  package let name: String
  package let bytes: Int
  /// Unix time at which it came here.
  package let trashedAt: Int
}

/// Dumps that are to go first move to `trash/` beside them: whoever finds that one was missed moves it back by hand.
extension DumpDirectory {
  package static let trashName = "trash"

  private var trashDirectory: String { "\(location.directory)/\(Self.trashName)" }

  /// Moves a dump to the trash.
  ///
  /// - Parameter identity: as it was when its removal was decided; a file that is another one by now stays.
  /// - Returns: whether it moved; another may have done so before.
  @discardableResult
  package func moveToTrash(_ name: String, _ identity: FileIdentity) throws(DumpDirectoryError) -> Bool {
    let path = "\(location.directory)/\(name)"
    guard location.owns(name) else { throw DumpDirectoryError(.outside, path, "is no dump of '\(location.stem)'") }
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
    // Its age in the trash counts from here.
    try files.touch(path)
    // A name that is taken there already is another dump's of the same second, from another time: keep both.
    for number in 0..<1000 {
      let target = "\(trashDirectory)/\(name)" + (number == 0 ? "" : ".\(number)")
      guard try files.rename(path, to: target) else { continue }
      try files.synchronizeDirectory(trashDirectory)
      try files.synchronizeDirectory(location.directory)
      return true
    }
    throw DumpDirectoryError("link", path, errno: EEXIST)
  }

  /// The dumps of the trash that are the location's, by their names. What went as damaged is among them.
  package func trash() throws(DumpDirectoryError) -> [TrashedDump] {
    guard isDirectory(trashDirectory) else { return [] }
    var dumps: [TrashedDump] = []
    for name in try Self.names(in: trashDirectory) where isTrashed(name) {
      do throws(DumpDirectoryError) {
        let identity = try FileIdentity(of: "\(trashDirectory)/\(name)")
        dumps.append(
          TrashedDump(name: name, bytes: identity.bytes, trashedAt: identity.modifiedAt / 1_000_000_000))
      } catch {
        // Gone meanwhile, or no regular file.
        guard error.code == .notFound || error.code == .outside else { throw error }
      }
    }
    return dumps.sorted { ($0.trashedAt, $0.name) < ($1.trashedAt, $1.name) }
  }

  /// Unlinks a dump of the trash for good.
  package func removeFromTrash(_ name: String) throws(DumpDirectoryError) {
    guard isTrashed(name) else {
      throw DumpDirectoryError(.outside, "\(trashDirectory)/\(name)", "is no dump of '\(location.stem)' in the trash")
    }
    try files.unlink("\(trashDirectory)/\(name)")
  }

  /// Whether a name is one that `moveToTrash` gives: a dump's, or that with a number from 1 to 999 behind a dot.
  private func isTrashed(_ name: String) -> Bool {
    if location.owns(name) { return true }
    let bytes = Array(name.utf8)
    guard let dot = bytes.lastIndex(of: UInt8(ascii: ".")),
      let number = Int(String(decoding: bytes[(dot + 1)...], as: UTF8.self)), (1..<1000).contains(number)
    else { return false }
    let dump = String(decoding: bytes[..<dot], as: UTF8.self)
    return name.hasSameBytes(as: "\(dump).\(number)") && location.owns(dump)
  }

  /// A link is none: what lies behind it is not ours.
  private func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
