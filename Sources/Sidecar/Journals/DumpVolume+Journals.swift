import DumpDirectory
import DumpFormat
import DumpReports
import Retention

extension DumpVolume {
  /// The journals, the oldest first, with what is known of each.
  func journals(beside dumps: [KnownDump]) throws(DumpDirectoryError) -> [KnownJournal] {
    let directory = try directory
    let entries = try directory.journals()
    let newest = newest(of: entries, dumps)
    return entries.compactMap { look(at: $0, newest: newest, in: directory) }
  }

  /// The journals that a restore of the newest state needs: those that the newest good dump does not cover. Without
  /// such a dump, these are all.
  ///
  /// - Parameter isCancelled: asked before each one, beginning with the newest. The others are left out then.
  /// - Returns: the journals, the oldest first; and whether none was left out.
  func neededJournals(
    beside dumps: [KnownDump], isCancelled: () -> Bool
  ) throws(DumpDirectoryError) -> (journals: [KnownJournal], areAll: Bool) {
    let directory = try directory
    let entries = try directory.journals()
    let newest = newest(of: entries, dumps)
    let covered = dumps.first(where: \.isGood)?.verification?.good?.order.map { JournalNumber($0) }
    var found: [KnownJournal] = []
    for entry in entries.reversed() {
      if let covered, entry.number < covered { break }
      guard !isCancelled() else { return (Array(found.reversed()), false) }
      if let journal = look(at: entry, newest: newest, in: directory) { found.append(journal) }
    }
    return (Array(found.reversed()), true)
  }

  /// The highest number of a journal or dump. Nothing is written any more to journals with a lower one.
  private func newest(of journals: [JournalEntry], _ dumps: [KnownDump]) -> JournalNumber? {
    [journals.last?.number, dumps.compactMap(\.entry.order).max().map { JournalNumber($0) }].compactMap(\.self).max()
  }

  /// - Returns: `nil` when the journal is gone meanwhile, or is no regular file.
  private func look(at entry: JournalEntry, newest: JournalNumber?, in directory: DumpDirectory) -> KnownJournal? {
    let identity: FileIdentity
    var header: JournalHeader?
    var readFault: String?
    do throws(DumpDirectoryError) {
      identity = try FileIdentity(of: entry.path)
    } catch {
      guard error.code != .notFound, error.code != .outside else { return nil }
      return KnownJournal(entry: entry, identity: nil, header: nil, isEnded: false, readFault: "\(error)")
    }
    do {
      header = try headers.header(of: entry, identity, in: directory, keyring)
    } catch let error as DumpFormatError where !error.isOfReading {
      // Verification says what is wrong with it.
    } catch {
      readFault = "\(error)"
    }
    let isEnded = newest.map { entry.number < $0 } == true
    return KnownJournal(
      entry: entry, identity: identity, header: header, isEnded: isEnded,
      verification: isEnded ? known(entry.name, identity) : nil, readFault: readFault)
  }

  /// Reads every byte of a journal and caches the result.
  ///
  /// - Parameters:
  ///   - all: the journals of the directory. The one behind this one names the place where it goes on.
  ///   - isCancelled: asked now and then; a cancelled journal stays unverified.
  func verify(
    _ journal: KnownJournal, among all: [KnownJournal], isCancelled: () -> Bool = { false }
  ) -> KnownJournal {
    var journal = journal
    let keys = keys.present
    do throws(DumpDirectoryError) {
      (journal.verification, journal.readFault) = try directory.verification(
        of: journal.entry, keys.keyring, goesOnAt: journal.number.end(in: all.map(\.header)), isCancelled: isCancelled)
    } catch {
      (journal.verification, journal.readFault) = (nil, "\(error)")
    }
    guard let verification = journal.verification, let identity = journal.identity,
      (try? FileIdentity(of: journal.entry.path)) == identity
    else {
      journal.verification = nil
      if journal.readFault == nil { journal.readFault = "the file changed while it was read" }
      return journal
    }
    record(verification, of: journal.name, identity, keys.marks)
    return journal
  }

  /// Finds changes that a start could not restore, because a journal behind the newest good dump is missing.
  ///
  /// - Returns: the fault in a sentence, or `nil` when there is none.
  func gap(in journals: [KnownJournal], behind dumps: [KnownDump]) throws -> String? {
    let headers = journals.compactMap(\.header)
    let newest = dumps.first(where: \.isGood)
    let base: JournalBase
    if let newest {
      base = JournalBase(
        identity: try identity(of: newest, for: headers), order: newest.verification?.good?.order)
    } else if dumps.isEmpty {
      base = .empty
    } else {
      return nil
    }
    guard case .gap(let last, let missing, _) = JournalChain.from(base, through: headers) else { return nil }
    return "the changes in journal \(last) can't be restored, because \(missing) is missing"
  }

  /// The dumps as the retention rules see them, with the journals that go on from each.
  func judged(_ dumps: [KnownDump], with journals: [KnownJournal]) -> [JudgedDump] {
    let headers = journals.compactMap(\.header)
    return zip(dumps, judged(dumps)).map { dump, judged in
      let order = dump.verification?.good?.order
      // A dump whose identity can't be read just now is not verified as well, and stays.
      let identity = dump.isGood && !headers.isEmpty ? try? identity(of: dump, for: headers) : nil
      return judged.with(
        number: order.map { HistoryNumber($0) },
        continuation: identity.flatMap { Self.continuation(of: JournalBase(identity: $0, order: order), headers) })
    }
  }

  /// - Parameter headers: the lowest number first.
  private static func continuation(of base: JournalBase, _ headers: [JournalHeader]) -> JudgedDump.Continuation? {
    let next = base.order.flatMap { order in headers.first { $0.number >= JournalNumber(order) } }
    guard let found = ([next].compactMap(\.self) + headers).first(where: base.begins) else { return nil }
    var isSole = true
    if case .journal = found.start { isSole = false }
    return .init(journal: HistoryNumber(found.number), isSole: isSole)
  }

  /// The identity of a dump's file, which is read only where a journal names one.
  func identity(of dump: KnownDump, for headers: [JournalHeader]) throws -> String {
    let namesOne = headers.contains { if case .dump = $0.start { true } else { false } }
    return namesOne ? try directory.identity(of: dump.entry.path, keyring) : ""
  }
}
