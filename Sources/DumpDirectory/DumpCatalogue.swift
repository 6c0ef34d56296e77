package import DumpFormat
import Glibc

extension DumpDirectory {
  /// The dumps, newest first; see `DumpSequence`.
  ///
  /// Any stem counts, since the settings can change it. Directories, links and files that do not begin as dumps are not
  /// among them, except files that are named as dumps: of those an operator wants to hear what is wrong with them. So
  /// are files that can't be read: each may be the newest dump, and a start without it would lose what it holds.
  package func catalogue(_ keyring: DumpKeyring) throws(DumpDirectoryError) -> [DumpEntry] {
    let entries = try Self.names(in: location.directory).compactMap { name in
      Self.mayBeDump(name) ? entry(name, keyring) : nil
    }
    return DumpSequence.newestFirst(entries)
  }

  static func mayBeDump(_ name: String) -> Bool { name.hasSuffix(DumpName.suffix) && !name.hasPrefix(".") }

  /// - Returns: `nil` when the file is certainly no dump.
  func entry(_ name: String, _ keyring: DumpKeyring) -> DumpEntry? {
    let path = "\(location.directory)/\(name)"
    let source: DumpFileSource
    do throws(DumpDirectoryError) {
      source = try DumpFileSource(path: path)
    } catch {
      guard error.code != .outside, error.code != .notFound || isListed(name) else { return nil }
      return DumpEntry(name: name, path: path, bytes: 0, writtenAt: nil, order: nil, access: .unreadable("\(error)"))
    }
    var stamp: DumpStamp?
    var access = DumpAccess.open
    do throws(DumpFormatError) {
      let beginning = try UnverifiedDump(source).unverifiedBeginning(keyring)
      stamp = beginning.stamp
      if beginning == .unintelligible { access = .noKey }
    } catch {
      guard DumpName(name) != nil || error.code != .notADump else { return nil }
      if error.isOfReading { access = .unreadable("\(error)") }
    }
    return DumpEntry(
      name: name, path: path, bytes: source.size, writtenAt: stamp?.createdAt, order: stamp?.order, access: access)
  }

  /// Whether the directory has a name. One that was pruned meanwhile is not listed any more; one that is listed and can't be found
  /// belongs to a volume that fails.
  private func isListed(_ name: String) -> Bool {
    guard let names = try? Self.names(in: location.directory) else { return true }
    return names.contains(name)
  }
}
