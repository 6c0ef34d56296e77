import DumpFormat
import Glibc

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

  /// What is in the trash and is ours: named as a dump, and beginning as one.
  ///
  /// - Returns: these, and why others can't be told, which may be dumps, too.
  package func trash() throws(DumpDirectoryError) -> (dumps: [TrashedDump], unreadable: [String]) {
    guard isDirectory(trashDirectory) else { return ([], []) }
    var (dumps, unreadable): ([TrashedDump], [String]) = ([], [])
    for name in try Self.names(in: trashDirectory) where Self.isTrashed(name) {
      let path = "\(trashDirectory)/\(name)"
      do {
        _ = try UnverifiedDump(DumpFileSource(path: path))
        let identity = try FileIdentity(of: path)
        dumps.append(
          TrashedDump(name: name, bytes: identity.bytes, trashedAt: identity.modifiedAt / 1_000_000_000))
      } catch let error as DumpDirectoryError {
        // Gone meanwhile, or no regular file and so no dump.
        if error.code != .notFound, error.code != .outside { unreadable.append("\(error)") }
      } catch {
        if (error as? DumpFormatError)?.isOfReading == true { unreadable.append("\(path): \(error)") }
      }
    }
    return (dumps.sorted { ($0.trashedAt, $0.name) < ($1.trashedAt, $1.name) }, unreadable)
  }

  /// Unlinks a dump of the trash for good.
  package func removeFromTrash(_ name: String) throws(DumpDirectoryError) {
    guard Self.isTrashed(name) else {
      throw DumpDirectoryError(.outside, "\(trashDirectory)/\(name)", "is no dump of the trash")
    }
    try files.unlink("\(trashDirectory)/\(name)")
  }

  private static func isTrashed(_ name: String) -> Bool {
    guard !name.contains("/") else { return false }
    if name.hasSuffix(DumpName.suffix) { return true }
    guard let dot = name.lastIndex(of: ".") else { return false }
    return name[..<dot].hasSuffix(DumpName.suffix) && Int(name[name.index(after: dot)...]) != nil
  }

  /// A link is none: what lies behind it is not ours.
  private func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
