import Clocks
import DumpFormat

/// A state of the history.
enum HistorySpot: Sendable, Equatable {
  /// The state behind a commit of a journal, or at its beginning.
  case position(JournalPosition)
  /// The state of a dump that no journal has the number of.
  case dump(HistoryDump)
}

extension HistorySpot: CustomStringConvertible {
  var description: String {
    switch self {
    case .position(let position): "\(position)"
    case .dump(let dump): dump.number.map { "\($0)" } ?? dump.path
    }
  }
}

/// Goes through all states of the history in their order, with the times from which on they counted. It reads all
/// journals, since clocks can have been set back anywhere.
struct HistoryWalk {
  private let reader: HistoryReader
  private let see: (_ time: Int, _ spot: HistorySpot?) -> Void
  /// The time of the last state, while that state is known.
  private var known: Int?
  /// The latest time of a state.
  private var latest = Int.min
  /// Whether no commit can be missing at the end of the item before.
  private var isWhole = true
  /// The faults of journals, each in a sentence.
  private(set) var faults: [String] = []

  /// - Parameter see: is called for each state, and with `nil` where the states that follow are unknown.
  init(_ reader: HistoryReader, see: @escaping (_ time: Int, _ spot: HistorySpot?) -> Void) {
    self.reader = reader
    self.see = see
  }

  mutating func run(_ history: History) throws {
    for item in history.items {
      if item.link == .unknown || item.link == .replaced && !isWhole { lose() }
      isWhole = true
      switch item.content {
      case .dump(let dump):
        // After a continuous link it is the state before. A dump of an earlier time that nothing links to the others
        // came from elsewhere, as from a backup, and need not have been the state.
        if item.link == .replaced || item.link == .continuous && known == nil
          || item.link == .unknown && dump.time >= latest
        {
          note(dump.time, .dump(dump))
        }
      case .journal(let header, let limit, let dump):
        if item.link == .continuous, known != nil {
          try pass(header.number, limit, from: nil)
        } else if let begin = Self.begin(header, dump) {
          try pass(header.number, limit, from: begin)
        } else {
          lose()
        }
      }
    }
    if history.isEndUnknown { lose() }
  }

  /// The time from which on a journal's first state counted, or `nil` when only the journals before have that state.
  private static func begin(_ header: JournalHeader, _ dump: HistoryDump?) -> Int? {
    if let dump { return dump.time }
    return header.start == .empty ? CivilTime.unixMicroseconds(of: header.createdAt) : nil
  }

  /// - Parameter begin: the time of the journal's first state, or `nil` when it is that of the item before.
  private mutating func pass(_ journal: JournalNumber, _ limit: History.Limit, from begin: Int?) throws {
    var pending = begin
    let reader = reader
    do {
      let passage = try reader.forEachCommit(of: journal, limit) { commit in
        // A dump's time is a moment after its snapshot, so the first commit can have an earlier one.
        if let begin = pending {
          note(min(begin, commit.time), .position(JournalPosition(journal: journal, commits: 0)))
        }
        pending = nil
        note(commit.time, .position(JournalPosition(journal: journal, commits: commit.number)))
      }
      isWhole = passage.isWhole
    } catch let fault as JournalFault where !fault.isOfReading {
      faults.append("\(fault)")
      if let pending { note(pending, .position(JournalPosition(journal: journal, commits: 0))) }
      return lose()
    }
    if let pending { note(pending, .position(JournalPosition(journal: journal, commits: 0))) }
  }

  private mutating func note(_ time: Int, _ spot: HistorySpot) {
    known = time
    latest = max(latest, time)
    see(time, spot)
  }

  /// The states behind the last one are unknown.
  private mutating func lose() {
    if let known { see(known + 1, nil) }
    known = nil
  }
}
