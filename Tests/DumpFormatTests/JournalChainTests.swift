import DumpFormat
import Testing

@Suite("The chain of journals behind a dump")
struct JournalChainTests {
  private static func number(_ epoch: Int, _ sequence: Int) throws -> JournalNumber {
    try #require(JournalNumber(epoch: epoch, sequence: sequence))
  }

  private static func journal(_ epoch: Int, _ sequence: Int, _ start: JournalStart) throws -> JournalHeader {
    JournalHeader(number: try number(epoch, sequence), start: start, createdAt: "t", writer: "w")
  }

  private static func place(_ epoch: Int, _ sequence: Int, _ commits: Int) throws -> JournalPlace {
    JournalPlace(journal: try number(epoch, sequence), commits: commits, tag: "t\(commits)")
  }

  private static func dump(_ epoch: Int, _ sequence: Int) -> JournalBase {
    JournalBase(identity: "dump \(epoch)-\(sequence)", order: DumpOrder(epoch: epoch, sequence: sequence))
  }

  private static func links(_ outcome: JournalChain.Outcome) -> String {
    func text(_ links: [JournalChain.Link]) -> String {
      links.map { link in "\(link.journal)" + (link.end.map { "<\($0.commits)" } ?? "") }.joined(separator: " ")
    }
    return switch outcome {
    case .chain(let links): text(links)
    case .none: "none"
    case .gap(let newest, let missing, let reachable): "gap to \(newest), \(missing); \(text(reachable))"
    }
  }

  @Test("leads from the dump to the newest journal, and leaves out what others do not go on from")
  func chains() throws {
    let start = try Self.journal(1, 0, .empty)
    let first = try Self.journal(1, 1, .journal(Self.place(1, 0, 4)))
    let second = try Self.journal(1, 2, .journal(Self.place(1, 1, 7)))
    // A task took over. It had read seven commits; a frozen one wrote more later.
    let third = try Self.journal(2, 0, .journal(Self.place(1, 2, 3)))
    let fourth = try Self.journal(3, 0, .journal(Self.place(1, 2, 2)))
    let all = [second, third, start, first]
    let cases: [(JournalBase, [JournalHeader], String)] = [
      (.empty, all, "1-0<4 1-1<7 1-2<3 2-0"),
      (Self.dump(1, 1), all, "1-1<7 1-2<3 2-0"),
      (Self.dump(1, 2), all, "1-2<3 2-0"),
      (Self.dump(2, 1), all, "none"),
      (Self.dump(1, 2), all + [fourth], "1-2<2 3-0"),
      (Self.dump(1, 3), [start, first, second], "none"),
      (.empty, [], "none"),
      (Self.dump(1, 1), [], "none"),
    ]
    for (base, journals, expected) in cases {
      #expect(Self.links(JournalChain.from(base, through: journals)) == expected)
      #expect(Self.links(JournalChain.from(base, through: journals.reversed())) == expected)
    }
  }

  @Test("begins with a dump that no change followed before the next dump of its writer")
  func unchanged() throws {
    let start = try Self.journal(1, 0, .empty)
    let third = try Self.journal(1, 3, .journal(Self.place(1, 0, 4)))
    let takenOver = try Self.journal(2, 0, .journal(Self.place(1, 3, 2)))
    let all = [start, third, takenOver]
    for sequence in [1, 2, 3] {
      #expect(Self.links(JournalChain.from(Self.dump(1, sequence), through: all)) == "1-3<2 2-0")
    }
    // The task that took over had not seen this dump, so it did not go on from its state.
    #expect(
      Self.links(JournalChain.from(Self.dump(1, 4), through: all))
        == "gap to 2-0, the dump before journal 1-0; ")
  }

  @Test("begins with the dump that a journal names, also when the dump has no order")
  func identities() throws {
    let doorman = JournalBase(identity: "doorman", order: nil)
    let own = try Self.journal(4, 0, .dump(identity: "doorman"))
    #expect(Self.links(JournalChain.from(doorman, through: [own])) == "4-0")
    // Journals of the time before Doorman wrote its dump are history.
    let older = try Self.journal(3, 2, .journal(Self.place(3, 1, 1)))
    #expect(Self.links(JournalChain.from(doorman, through: [older])) == "none")
    #expect(Self.links(JournalChain.from(doorman, through: [older, own])) == "4-0")
    // A dump of this program that was read at a start in another epoch.
    let later = try Self.journal(5, 0, .dump(identity: "dump 4-3"))
    #expect(Self.links(JournalChain.from(Self.dump(4, 3), through: [later, own])) == "5-0")
  }

  @Test("has a gap where a journal is missing, and tells how far one comes without it")
  func gaps() throws {
    let first = try Self.journal(1, 1, .journal(Self.place(1, 0, 4)))
    let third = try Self.journal(1, 3, .journal(Self.place(1, 2, 7)))
    #expect(
      Self.links(JournalChain.from(Self.dump(1, 1), through: [first, third])) == "gap to 1-3, journal 1-2; 1-1")
    // The dump before it is missing, and it begins with that dump alone.
    let alone = try Self.journal(1, 4, .ownDump)
    #expect(
      Self.links(JournalChain.from(Self.dump(1, 1), through: [first, alone]))
        == "gap to 1-4, the dump before journal 1-4; 1-1")
    #expect(Self.links(JournalChain.from(Self.dump(1, 4), through: [first, alone])) == "1-4")
    let empty = try Self.journal(2, 0, .empty)
    #expect(
      Self.links(JournalChain.from(Self.dump(1, 1), through: [first, empty]))
        == "gap to 2-0, the dump before journal 2-0; 1-1")
  }

  @Test("does not go round in circles")
  func circles() throws {
    let one = try Self.journal(1, 2, .journal(Self.place(1, 3, 1)))
    let two = try Self.journal(1, 3, .journal(Self.place(1, 2, 1)))
    #expect(Self.links(JournalChain.from(Self.dump(1, 1), through: [one, two])).hasPrefix("gap"))
    #expect(Self.links(JournalChain.from(.empty, through: [one, two])).hasPrefix("gap"))
  }
}
