import Clocks
import DumpDirectory
import DumpFormat

/// Reads the history of a directory.
struct HistoryReader {
  let directory: DumpDirectory
  let keyring: DumpKeyring

  /// The history, with the journals and dumps that could not be read, each in a sentence.
  struct Reading {
    let history: History
    let faults: [String]
  }

  /// Reads the beginnings of all journals and dumps.
  ///
  /// - Throws: `DumpDirectoryError` when the directory can't be read.
  func read() throws -> Reading {
    var faults: [String] = []
    var dumps: [HistoryDump] = []
    for entry in try directory.catalogue(keyring) {
      switch entry.access {
      case .unreadable(let reason): faults.append("\(entry.name) can't be read: \(reason)")
      case .noKey: faults.append("no key opens \(entry.name)")
      case .open:
        // The time in a name is not that of the state.
        guard let header = entry.header, let time = CivilTime.unixMicroseconds(of: header.createdAt) else {
          faults.append("\(entry.name) is damaged, or names no time")
          continue
        }
        do {
          let identity = try directory.identity(of: entry.path, keyring)
          dumps.append(HistoryDump(path: entry.path, order: entry.order, identity: identity, time: time))
        } catch let error as DumpDirectoryError where error.code == .notFound {
          continue
        }
      }
    }
    var journals: [JournalHeader] = []
    var unreadable: Set<JournalNumber> = []
    for entry in try directory.journals() {
      do {
        guard let reader = try JournalReader(directory.source(of: entry.path), keyring) else { continue }
        guard reader.header.number == entry.number else {
          unreadable.insert(entry.number)
          faults.append("\(entry.name) has the content of journal \(reader.header.number)")
          continue
        }
        journals.append(reader.header)
      } catch let error as DumpDirectoryError where error.code == .notFound {
        continue
      } catch {
        unreadable.insert(entry.number)
        faults.append("journal \(entry.number) can't be read: \(error)")
      }
    }
    return Reading(history: History(journals: journals, unreadable: unreadable, dumps: dumps), faults: faults)
  }

  /// The part of a journal that was read.
  struct Passage: Equatable {
    let commits: Int
    /// Whether nothing can be missing at the end.
    let isWhole: Bool
  }

  /// Gives the commits of a journal that belong to the history, in order.
  ///
  /// - Parameter most: the number of commits that are wanted.
  /// - Throws: `JournalFault` when not all of them can be read.
  func forEachCommit(
    of number: JournalNumber, _ limit: History.Limit, most: Int = .max, _ body: (JournalCommit) throws -> Void
  ) throws -> Passage {
    if case .beginning = limit { return Passage(commits: 0, isWhole: true) }
    guard let entry = directory.entry(number) else { throw JournalFault(number, "it is gone") }
    let place: JournalPlace? = if case .place(let place) = limit { place } else { nil }
    let last = min(most, place?.commits ?? .max)
    do {
      guard var reader = try JournalReader(directory.source(of: entry.path), keyring), reader.header.number == number
      else { throw JournalFault(number, "another file took its place") }
      var tag = reader.headerTag
      while reader.commits < last, let batch = try reader.next() {
        tag = batch.tag
        for commit in batch.commits where commit.number <= last { try body(commit) }
      }
      if let place, reader.commits >= place.commits || reader.commits < last {
        guard reader.commits == place.commits, tag == place.tag else {
          throw JournalFault(
            number, "it has \(reader.commits) commits, and the journal after it goes on behind \(place.commits) others")
        }
      }
      return Passage(commits: min(last, reader.commits), isWhole: place != nil || reader.ending == .closed)
    } catch let error as DumpFormatError {
      throw JournalFault(number, "\(error)", isOfReading: error.isOfReading)
    } catch let error as DumpDirectoryError {
      throw JournalFault(number, "\(error)", isOfReading: error.code != .notFound)
    }
  }
}

/// The reason why commits of a journal can't be read.
struct JournalFault: Error, CustomStringConvertible {
  let description: String
  /// Whether the volume failed, so that another attempt may help.
  let isOfReading: Bool

  init(_ journal: JournalNumber, _ reason: String, isOfReading: Bool = false) {
    description = "journal \(journal): \(reason)"
    self.isOfReading = isOfReading
  }
}
