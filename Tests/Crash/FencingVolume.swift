import DumpDirectory
import DumpFormat

/// The volume of `FencingSimulation`: the lease's files and the journals. Each call is one atomic step.
struct FencingVolume {
  struct Maker {
    let name: String
    let kernel: Int
  }

  /// A journal, whose commits are numbers that no other commit has.
  private struct Journal {
    let header: JournalHeader
    var commits: [Int] = []
  }

  var lease = LeaseFileState.absent
  var claims: [Int: Maker] = [:]
  var announcement: LeaseAnnouncement?
  private var journals: [Journal] = []

  /// Whether readers take all commits of a journal, and not only those up to the place where the next one goes on.
  /// Only a fault that is put in does.
  var ignoresPlaces = false

  /// The headers of the journals.
  var headers: [JournalHeader] { journals.map(\.header) }

  /// A place behind so many commits of a journal.
  func place(in number: JournalNumber, behind count: Int) -> JournalPlace? {
    guard let journal = journals.first(where: { $0.header.number == number }), count <= journal.commits.count else {
      return nil
    }
    return JournalPlace(
      journal: number, commits: count, tag: count == 0 ? "header" : "tag \(journal.commits[count - 1])")
  }

  /// Creates the journal of an epoch.
  mutating func create(_ number: JournalNumber, after start: JournalStart) {
    journals.append(Journal(header: JournalHeader(number: number, start: start, createdAt: "", writer: "")))
  }

  /// Writes a batch at its place. Bytes behind it, which a frozen writer of the same journal can't have left, stay.
  mutating func write(_ batch: [Int], to number: JournalNumber) {
    guard let index = journals.firstIndex(where: { $0.header.number == number }) else { return }
    journals[index].commits += batch
  }

  /// The commits that a start would make again, read when the headers were these.
  ///
  /// - Returns: the commits and the place behind them, or `nil` when the start would be refused.
  func restore(_ headers: [JournalHeader]) -> (commits: [Int], end: JournalStart)? {
    let links: [JournalChain.Link]
    switch JournalChain.from(.empty, through: headers) {
    case .none: return ([], .empty)
    case .gap: return nil
    case .chain(let chain): links = chain
    }
    var (commits, end) = ([Int](), JournalStart.empty)
    for link in links {
      guard let journal = journals.first(where: { $0.header.number == link.journal }) else { return nil }
      let count = ignoresPlaces ? journal.commits.count : link.end?.commits ?? journal.commits.count
      guard let place = place(in: link.journal, behind: count) else { return nil }
      if let wanted = link.end, wanted != place, !ignoresPlaces { return nil }
      commits += journal.commits[..<count]
      end = .journal(place)
    }
    return (commits, end)
  }
}
