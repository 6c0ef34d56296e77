import Retention
import Testing

@Suite("Retention of journals")
struct JournalRetentionTests {
  private static let now = 1_795_552_200
  private static let hour = 3600
  private static let day = 86_400

  private static func number(_ sequence: Int, epoch: Int = 1) -> HistoryNumber {
    HistoryNumber(epoch: epoch, sequence: sequence)
  }

  /// A dump of an age, with a journal of its own number behind it.
  private static func dump(
    _ sequence: Int, age: Int, bytes: Int = 10, _ verdict: JudgedDump.Verdict = .good(documents: 100),
    isContinued: Bool = true, isSole: Bool = false, isAccepted: Bool = false
  ) -> JudgedDump {
    JudgedDump(
      name: "d\(sequence)", createdAt: now - age, bytes: bytes, verdict: verdict, isAccepted: isAccepted,
      number: number(sequence),
      continuation: isContinued ? .init(journal: number(sequence), isSole: isSole) : nil)
  }

  private static func journal(
    _ sequence: Int, age: Int?, bytes: Int = 1, _ verdict: JudgedJournal.Verdict = .usable
  ) -> JudgedJournal {
    JudgedJournal(
      name: "j\(sequence)", number: number(sequence), createdAt: age.map { now - $0 }, bytes: bytes, verdict: verdict)
  }

  /// A dump and its journal for each age, the oldest first; before them a journal from the empty state.
  private static func history(_ ages: [Int]) -> (dumps: [JudgedDump], journals: [JudgedJournal]) {
    let dumps = ages.enumerated().map { dump($0.offset + 1, age: $0.element) }
    let journals = ages.enumerated().map { journal($0.offset + 1, age: $0.element) }
    return (dumps.reversed(), [journal(0, age: ages[0] + hour)] + journals)
  }

  private static func kept(_ plan: RetentionPlan) -> String {
    (plan.decisions.reversed() + plan.journalDecisions).filter(\.isKept).map(\.name).joined(separator: " ")
  }

  @Test("removes a journal when a newer verified dump has its changes, and the window is over")
  func covered() {
    let (dumps, journals) = Self.history([3, 2, 1].map { $0 * Self.day })
    let plan = RetentionPlan(
      dumps: dumps, journals: journals, policy: .init(last: 9, journal: Self.hour), clock: .trusted(now: Self.now))
    #expect(Self.kept(plan) == "d1 d2 d3 j3")
    #expect(plan.journalRemovals == ["j0", "j1", "j2"])
    #expect(plan.journalDecisions[0].reasons == [.coveredByNewerDump])
    #expect(plan.journalDecisions[3].reasons == [.noNewerVerifiedDump])
    #expect(plan.journalAnchor == "d3")
  }

  @Test("removes no journal that only a dump covers which does not count")
  func uncovered() {
    let journals = (0...2).map { Self.journal($0, age: (3 - $0) * Self.day) }
    let verdicts: [JudgedDump.Verdict] = [.unverified, .damaged, .unopened, .good(documents: 1)]
    for verdict in verdicts {
      // The last one shrank.
      let dumps = [Self.dump(2, age: Self.day, verdict), Self.dump(1, age: 2 * Self.day)]
      let plan = RetentionPlan(
        dumps: dumps, journals: journals, policy: .init(last: 1, journal: 0), clock: .trusted(now: Self.now))
      #expect(Self.kept(plan) == "d1 d2 j1 j2")
    }
    let future = [Self.dump(2, age: -1), Self.dump(1, age: 2 * Self.day)]
    let plan = RetentionPlan(
      dumps: future, journals: journals, policy: .init(last: 1, journal: 0), clock: .trusted(now: Self.now))
    #expect(Self.kept(plan) == "d1 d2 j1 j2")
    for clock in [ClockReading.untrusted(reason: "r"), .trusted(now: Self.now)] {
      let isTrusted = clock == .trusted(now: Self.now)
      let plan = RetentionPlan(
        dumps: [], journals: journals, policy: isTrusted ? .init(last: 1, journal: 0) : .init(), clock: clock)
      #expect(plan.journalRemovals.isEmpty)
    }
  }

  @Test("keeps the newest dump before the window, with all journals since")
  func window() {
    let (dumps, journals) = Self.history([5, 4, 3, 2, 1].map { $0 * Self.hour })
    let plan = RetentionPlan(
      dumps: dumps, journals: journals, policy: .init(last: 1, journal: 150 * 60), clock: .trusted(now: Self.now))
    #expect(Self.kept(plan) == "d3 d4 d5 j3 j4 j5")
    #expect(plan.decisions[2].reasons == [.pointInTime(seconds: 150 * 60)])
    #expect(plan.journalDecisions[3].reasons == [.pointInTime(seconds: 150 * 60)])
    #expect(plan.journalAnchor == "d3")
    // Without a dump that old, the oldest one stays, and each journal whose end is in the window.
    let young = RetentionPlan(
      dumps: dumps, journals: journals, policy: .init(last: 1, journal: Self.day), clock: .trusted(now: Self.now))
    #expect(Self.kept(young) == "d1 d5 j0 j1 j2 j3 j4 j5")
  }

  @Test("keeps a dump without which its journal is of no use")
  func sole() {
    let dumps = [Self.dump(3, age: 1), Self.dump(2, age: 2, isSole: true), Self.dump(1, age: 3)]
    let journals = (0...3).map { Self.journal($0, age: 4 - $0) }
    let plan = RetentionPlan(
      dumps: dumps, journals: journals, policy: .init(last: 1), clock: .trusted(now: Self.now))
    #expect(Self.kept(plan) == "d1 d2 d3 j0 j1 j2 j3")
  }

  @Test("needs no dump for moments where no journal goes on from one")
  func noJournals() {
    let dumps = [Self.dump(3, age: 1, isContinued: false), Self.dump(2, age: 60), Self.dump(1, age: 120)]
    let policy = RetentionPolicy(last: 1)
    let plan = RetentionPlan(dumps: dumps, policy: policy, clock: .trusted(now: Self.now))
    #expect(Self.kept(plan) == "d3")
    // Journals were switched off at some time before the window.
    let old = RetentionPlan(
      dumps: dumps, journals: [Self.journal(1, age: 120), Self.journal(2, age: 60)],
      policy: .init(last: 1, journal: 1), clock: .trusted(now: Self.now))
    #expect(Self.kept(old) == "d3")
  }

  @Test("moves the dumps that the window needs on with time, so that journals do not pile up")
  func movesOn() {
    let step = 15 * 60
    var (dumps, journals): ([JudgedDump], [JudgedJournal]) = ([], [])
    let policy = RetentionPolicy(last: 3, journal: Self.day)
    for count in 0..<1000 {
      let now = Self.now + count * step
      journals.append(JudgedJournal(name: "j\(count)", number: Self.number(count), createdAt: now, bytes: 1))
      guard count > 0 else { continue }
      dumps.insert(
        JudgedDump(
          name: "d\(count)", createdAt: now, bytes: 1, verdict: .good(documents: 1), number: Self.number(count),
          continuation: .init(journal: Self.number(count), isSole: false)), at: 0)
      let plan = RetentionPlan(dumps: dumps, journals: journals, policy: policy, clock: .trusted(now: now))
      let (gone, goneJournals) = (Set(plan.removals), Set(plan.journalRemovals))
      dumps.removeAll { gone.contains($0.name) }
      journals.removeAll { goneJournals.contains($0.name) }
      // Every moment of the last day has a dump before it, from which the journals lead on.
      let oldest = dumps.last?.createdAt ?? .max
      #expect(oldest <= max(now - Self.day, Self.now + step))
      #expect(journals.first.map { $0.number <= Self.number(count - 96) || count < 97 && $0.name == "j0" } == true)
      #expect(zip(journals, journals.dropFirst()).allSatisfy { $0.number.sequence + 1 == $1.number.sequence })
      #expect(journals.count <= 96 + 24 + 2)
      #expect(dumps.count <= 3 + 10)
    }
  }

  @Test("counts the bytes of journals in the cap, which goes before the window")
  func caps() {
    let dumps = (1...4).reversed().map { Self.dump($0, age: 10 - $0) }
    let journals = (0...4).map { Self.journal($0, age: 10 - $0, bytes: 100) }
    func kept(_ policy: RetentionPolicy) -> String {
      Self.kept(RetentionPlan(dumps: dumps, journals: journals, policy: policy, clock: .trusted(now: Self.now)))
    }
    #expect(kept(.init(last: 4, maximumBytes: 440)) == "d1 d2 d3 d4 j0 j1 j2 j3 j4")
    #expect(kept(.init(last: 4, maximumBytes: 439)) == "d2 d3 d4 j2 j3 j4")
    #expect(kept(.init(last: 4, maximumBytes: 1)) == "d4 j4")
    #expect(kept(.init(last: 4, maximumCount: 2)) == "d3 d4 j3 j4")
  }

  @Test("keeps a journal of another key until its removal is asked for, and a damaged one like any other")
  func unopened() {
    let journals = [
      Self.journal(0, age: nil, .unopened), Self.journal(1, age: nil, .damaged), Self.journal(2, age: 1),
    ]
    let dumps = [Self.dump(2, age: 1)]
    func removals(_ removesDamaged: Bool) -> [String] {
      RetentionPlan(
        dumps: dumps, journals: journals, policy: .init(last: 1, journal: 0), clock: .trusted(now: Self.now),
        removesDamaged: removesDamaged
      ).journalRemovals
    }
    #expect(removals(false) == ["j1"])
    #expect(removals(true) == ["j0", "j1"])
  }
}
