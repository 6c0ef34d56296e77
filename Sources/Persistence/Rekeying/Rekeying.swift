package import DumpDirectory
package import DumpFormat
import JSON

/// Encrypts dumps and journals again with the present key, each in its own place.
///
/// A file is replaced only when the new one is safe on the volume and was read back with the present key alone. A crash
/// at any moment leaves each file whole, under the old key or the present one. Both stand for the same dump or journal:
/// a dump keeps its first identity, and a journal the tags of its chunks, so that what names them still finds them.
package struct Rekeying: Sendable {
  /// The result for one file.
  package enum Outcome: Sendable {
    /// It is encrypted with the present key now.
    ///
    /// - Parameter count: the number of its documents or commits.
    case rekeyed(count: Int)
    /// It is encrypted with the present key, or holds nothing. Nothing was done.
    case present
    /// A gateway that runs may be using it. Nothing was done.
    case inUse(reason: String)
    /// It is as it was.
    case failed(any Error)
  }

  /// A dump or a journal.
  package enum Kind: String, Sendable {
    case dump
    case journal
  }

  private let directory: DumpDirectory
  private let keyring: DumpKeyring
  private let program: String

  /// Creates the work on a directory.
  ///
  /// - Parameter program: the program that writes, with its version.
  package init(in directory: DumpDirectory, keyring: DumpKeyring, program: String) {
    self.directory = directory
    self.keyring = keyring
    self.program = program
  }

  /// The dumps of the directory, newest first, and the journals, oldest first.
  ///
  /// - Parameter withTrash: whether those in the trash follow.
  /// - Throws: `DumpDirectoryError` when the directory can't be read.
  package func paths(withTrash: Bool) throws(DumpDirectoryError) -> [String] {
    let dumps = try directory.catalogue(keyring).map(\.path)
    let trash = withTrash ? try directory.trashedPaths() : []
    return try dumps + directory.journals().map(\.path) + trash
  }

  /// Encrypts a file again if it needs a key before the present one.
  ///
  /// - Parameter path: the absolute path.
  package func rekey(_ path: String) -> (kind: Kind?, outcome: Outcome) {
    var kind: Kind?
    do {
      let source = try directory.source(of: path)
      let found: Kind = try JournalRekeying.isJournal(source) ? .journal : .dump
      kind = found
      guard try needsOlderKey(source, found) else { return (found, .present) }
      // Nobody begins to use a file that nobody uses, so this may be asked before the file is read.
      if let reason = try DirectoryUse(owner(of: path), keyring).reason(toLeave: path, found),
        try found == .dump || !isClosed(path)
      {
        return (found, .inUse(reason: reason))
      }
      let count =
        switch found {
        case .dump: try rekeyDump(path)
        case .journal: try rekeyJournal(path)
        }
      return (found, count.map { .rekeyed(count: $0) } ?? .present)
    } catch {
      return (kind, .failed(error))
    }
  }

  /// The directory whose gateway may be using a file: a file can be named that is of another one, or of another stem.
  private func owner(of path: String) throws(DumpDirectoryError) -> DumpDirectory {
    guard let name = path.split(separator: "/").last.map(String.init) else { return directory }
    let stem: String
    if let journal = JournalName(name) {
      stem = journal.stem
    } else if let dump = DumpName(name) {
      stem = dump.stem
    } else {
      return directory
    }
    let parent = String(decoding: path.utf8.dropLast(name.utf8.count), as: UTF8.self)
    let location = try DumpLocation(path: "\(parent)\(stem).bin", workingDirectory: "/")
    return location == directory.location ? directory : DumpDirectory(location)
  }

  private func needsOlderKey(_ source: any DumpSource, _ kind: Kind) throws -> Bool {
    switch kind {
    case .dump: return try UnverifiedDump(source).unverifiedBeginning(keyring.newest) == .unintelligible
    case .journal:
      do throws(DumpFormatError) {
        _ = try JournalReader(source, keyring.newest)
        return false
      } catch {
        guard error.code == .noKey else { throw error }
        return true
      }
    }
  }

  /// Whether a journal's writer closed it. It writes nothing to it any more.
  private func isClosed(_ path: String) throws -> Bool {
    guard var reader = try JournalReader(directory.source(of: path), keyring) else { return false }
    while try reader.next() != nil {}
    return reader.ending == .closed
  }

  /// - Returns: the number of documents.
  private func rekeyDump(_ path: String) throws -> Int? {
    let dump = try directory.open(path)
    // A dump that is damaged is not written again, and the header is authentic.
    let verified = try dump.inspect(keyring)
    let header = DumpHeader(
      format: verified.format, createdAt: verified.createdAt, order: verified.order,
      predecessor: verified.header.predecessor, firstIdentity: try directory.identity(of: path, keyring))
    let replacement = try directory.beginReplacement(of: path)
    var writer = try DumpWriter(header: header, program: program, key: keyring.sealing, sink: replacement.file)
    let written = try ContentDigest()
    let read = try CanonicalContent.read(try directory.open(path), keyring) { group in
      try writer.beginGroup(group)
      try written.add(group: group)
    } document: { document in
      try writer.append(record: document)
      try written.add(document)
    }
    guard read == verified else {
      throw DumpDirectoryError(.inputOutput, path, "it was changed while it was read; run it again")
    }
    _ = try writer.finish()
    let again = try ContentDigest()
    let copy = try CanonicalContent.read(UnverifiedDump(replacement.synchronized()), keyring.newest) { group in
      try again.add(group: group)
    } document: { document in
      try again.add(document)
    }
    guard copy.header == header, copy.counts == verified.counts, try again.value() == written.value() else {
      throw DumpDirectoryError(.inputOutput, path, "the new file does not have the same content; the old one stays")
    }
    try replacement.publish()
    return verified.records
  }

  /// - Returns: the number of commits, or `nil` when the file holds none, because its beginning is not whole.
  private func rekeyJournal(_ path: String) throws -> Int? {
    let replacement = try directory.beginReplacement(of: path)
    guard let journal = try JournalRekeying(of: directory.source(of: path), keyring) else { return nil }
    var file = replacement.file
    let place = journal.number.end(in: try headers(beside: path))
    let written = try journal.write(under: keyring.sealing, reaching: place) { bytes in
      try bytes.withUnsafeBytes { try file.write($0) }
    }
    let copy = try JournalRekeying(of: replacement.synchronized(), keyring.newest)
    guard let copy, try copy.content() == written else {
      throw DumpDirectoryError(.inputOutput, path, "the new file does not have the same content; the old one stays")
    }
    try replacement.publish()
    return written.commits
  }

  /// The headers of the journals in a journal's directory, the oldest first, if that is the dump directory.
  private func headers(beside path: String) throws -> [JournalHeader?] {
    let journals = try directory.journals()
    guard journals.contains(where: { $0.path.hasSameBytes(as: path) }) else { return [] }
    return try journals.map { entry in
      do {
        return try JournalReader(directory.source(of: entry.path), keyring)?.header
      } catch let error as DumpFormatError where !error.isOfReading {
        // It can't be one that goes on from this journal for any start.
        return nil
      }
    }
  }
}
