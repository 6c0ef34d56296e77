package import DumpFormat
import JSON

extension DumpDirectory {
  /// The location's dumps, newest first (see `DumpSequence`).
  ///
  /// Only files with the name of one of its dumps are listed. A file that can't be read is listed too: it may be the
  /// newest dump, and a start without it would lose its changes. Entries that are not regular files, such as
  /// directories and links, are not listed (see `leftAlone`).
  ///
  /// - Parameter isCancelled: asked behind each file, beginning with the one whose name is the latest. The others are
  ///   left out then.
  package func catalogue(
    _ keyring: DumpKeyring, isCancelled: () -> Bool = { false }
  ) throws(DumpDirectoryError) -> [DumpEntry] {
    var entries: [DumpEntry] = []
    for name in try ownNames().sorted(by: { $1.precedesByBytes($0) }) {
      if let entry = entry(name, keyring) { entries.append(entry) }
      if isCancelled() { break }
    }
    return DumpSequence.newestFirst(entries)
  }

  /// The names in the directory that are names of the location's dumps.
  func ownNames() throws(DumpDirectoryError) -> [String] {
    try files.names(in: location.directory).filter(location.owns)
  }

  /// Reads the beginning of a file.
  ///
  /// - Returns: `nil` when there is no regular file of that name.
  func entry(_ name: String, _ keyring: DumpKeyring) -> DumpEntry? {
    let path = "\(location.directory)/\(name)"
    let source: DumpFileSource
    do throws(DumpDirectoryError) {
      source = try DumpFileSource(path: path)
    } catch {
      guard error.code != .outside, error.code != .notFound || isListed(name) else { return nil }
      return DumpEntry(
        name: name, path: path, bytes: 0, header: nil, access: .unreadable("\(error)"))
    }
    var header: DumpHeader?
    var access = DumpAccess.open
    do throws(DumpFormatError) {
      let beginning = try UnverifiedDump(source).unverifiedBeginning(keyring)
      header = beginning.header
      if beginning == .unintelligible { access = .noKey }
    } catch {
      // A file that is not a dump despite its name is listed, so that an operator sees what is wrong with it.
      if error.isOfReading { access = .unreadable("\(error)") }
    }
    return DumpEntry(name: name, path: path, bytes: source.size, header: header, access: access)
  }

  /// Whether the directory lists a name. A file that was pruned meanwhile is not listed any more. A file that is listed
  /// but can't be found means that the volume fails.
  package func isListed(_ name: String) -> Bool {
    do throws(DumpDirectoryError) {
      return try files.names(in: location.directory).contains { $0.hasSameBytes(as: name) }
    } catch {
      // The volume fails, so the file counts as one that can't be read.
      return true
    }
  }
}
