import Retention
import Testing

@Suite("A retention plan")
struct RetentionPlanTests {
  /// 2026-11-24T20:30:00Z, a Tuesday, in Unix seconds.
  private static let now = 1_795_552_200

  /// A dump of a given age.
  ///
  /// - Parameter age: seconds before `now`.
  private static func dump(
    _ name: String, age: Int, bytes: Int = 10, _ verdict: JudgedDump.Verdict = .good(documents: 100)
  ) -> JudgedDump {
    JudgedDump(name: name, createdAt: now - age, bytes: bytes, verdict: verdict)
  }

  private static func good(_ ages: Int...) -> [JudgedDump] {
    ages.enumerated().map { dump("d\($0.offset)", age: $0.element) }
  }

  /// The decision for each dump: `keep` or `remove`, and the reasons.
  private static func plan(
    _ dumps: [JudgedDump], _ policy: RetentionPolicy, clock: ClockReading = .trusted(now: now),
    accepted: Set<String> = []
  ) -> [String] {
    RetentionPlan(dumps: dumps.accepting(accepted), policy: policy, clock: clock).decisions.map {
      "\($0.isKept ? "keep" : "remove"): \($0.reasons.map(\.description).joined(separator: ", "))"
    }
  }

  private static let newest = "newest good dump, no newer verified dump"

  @Test("keeps the last dumps")
  func last() {
    #expect(
      Self.plan(Self.good(0, 10, 20), RetentionPolicy(last: 2)) == [
        "keep: last 1 of 2, \(Self.newest)", "keep: last 2 of 2", "remove: no rule keeps it",
      ])
  }

  @Test(
    "keeps the newest dump of each hour, day, ISO week, month and year",
    arguments: [
      (RetentionPolicy(hourly: 2), 3600, 60, "hourly 2026-11-24T20", "hourly 2026-11-24T19"),
      (RetentionPolicy(daily: 2), 86_400, 3600, "daily 2026-11-24", "daily 2026-11-23"),
      (RetentionPolicy(weekly: 2), 7 * 86_400, 86_400, "weekly 2026-W48", "weekly 2026-W47"),
      (RetentionPolicy(monthly: 2), 30 * 86_400, 86_400, "monthly 2026-11", "monthly 2026-10"),
      (RetentionPolicy(yearly: 2), 365 * 86_400, 86_400, "yearly 2026", "yearly 2025"),
    ])
  func calendar(policy: RetentionPolicy, unit: Int, less: Int, first: String, second: String) {
    let removed = "remove: no rule keeps it"
    #expect(
      Self.plan(Self.good(0, less, unit, unit + less, 3 * unit), policy) == [
        "keep: \(first), \(Self.newest)", removed, "keep: \(second)", removed, removed,
      ])
  }

  @Test("keeps dumps in a window before the newest dump, whatever the clock shows")
  func within() {
    let dumps = Self.good(0, 36 * 3600 - 1, 36 * 3600)
    let decisions = ["keep: within 36h, \(Self.newest)", "keep: within 36h", "remove: no rule keeps it"]
    let policy = RetentionPolicy(within: 36 * 3600)
    #expect(Self.plan(dumps, policy) == decisions)
    #expect(Self.plan(dumps, policy, clock: .trusted(now: .max)) == decisions)
  }

  @Test("keeps a dump that any rule keeps, with all reasons")
  func union() {
    #expect(
      Self.plan(Self.good(0, 3600, 86_400, 2 * 86_400), RetentionPolicy(last: 2, daily: 2, within: 60)) == [
        "keep: last 1 of 2, daily 2026-11-24, within 1m, \(Self.newest)", "keep: last 2 of 2",
        "keep: daily 2026-11-23", "remove: no rule keeps it",
      ])
  }

  @Test("keeps everything when no rule is set, and gives that reason")
  func empty() {
    let decisions = Self.plan(Self.good(0, 10) + [Self.dump("x", age: 20, .damaged)], RetentionPolicy())
    #expect(decisions == Array(repeating: "keep: nothing is pruned: no rule is set", count: 3))
    #expect(Self.plan([], .standard) == [])
  }

  @Test("removes nothing while the clock can't be trusted")
  func untrustedClock() {
    let plan = RetentionPlan(
      dumps: Self.good(0, 10), policy: RetentionPolicy(last: 1), clock: .untrusted(reason: "the clock went back by 3 h")
    )
    #expect(
      plan.decisions.map(\.reasons)
        == Array(repeating: [.nothingIsPruned(because: "the clock went back by 3 h")], count: 2))
    #expect(plan.removals == [])
    #expect(plan.anchor == nil)
  }

  @Test("keeps dumps that can't be judged, and does not count them in the rules")
  func notCounting() {
    let dumps = [
      Self.dump("future", age: -1), Self.dump("unread", age: 0, .unverified), Self.dump("torn", age: 0, .damaged),
      Self.dump("good", age: 5), Self.dump("unread2", age: 6, .unverified), Self.dump("old", age: 10),
      Self.dump("torn2", age: 20, .damaged), Self.dump("tornFuture", age: -20, .damaged),
    ]
    #expect(
      Self.plan(dumps, RetentionPolicy(last: 1)) == [
        "keep: dated in the future, \(Self.newest)", "keep: not verified, no newer verified dump",
        "keep: damaged, kept for a look, no newer verified dump", "keep: last 1 of 1, no newer verified dump",
        "keep: not verified", "remove: no rule keeps it", "remove: damaged and older than all that is kept",
        "keep: damaged, kept for a look, dated in the future",
      ])
  }

  @Test("keeps damaged dumps between good ones")
  func damagedBetween() {
    let dumps = [
      Self.dump("a", age: 0), Self.dump("torn", age: 5, .damaged), Self.dump("b", age: 10),
      Self.dump("torn2", age: 15, .damaged),
    ]
    #expect(
      Self.plan(dumps, RetentionPolicy(last: 2)) == [
        "keep: last 1 of 2, \(Self.newest)", "keep: damaged, kept for a look", "keep: last 2 of 2",
        "remove: damaged and older than all that is kept",
      ])
  }

  @Test("keeps dumps that can't be decrypted, however old, until their removal is requested")
  func unopened() {
    let dumps = [
      Self.dump("sealed0", age: 0, .unopened), Self.dump("a", age: 1), Self.dump("sealed1", age: 2, .unopened),
      Self.dump("torn1", age: 3, .damaged), Self.dump("b", age: 4), Self.dump("c", age: 5),
      Self.dump("sealed2", age: 6, .unopened), Self.dump("torn2", age: 7, .damaged),
      Self.dump("sealed3", age: -60, .unopened),
    ]
    let removals = { (removesDamaged: Bool) in
      RetentionPlan(
        dumps: dumps, policy: RetentionPolicy(last: 2), clock: .trusted(now: Self.now), removesDamaged: removesDamaged
      ).removals
    }
    #expect(removals(false) == ["c", "torn2"])
    // Dumps that are newer than all verified ones stay, and so do dumps dated in the future.
    #expect(removals(true) == ["sealed1", "torn1", "c", "sealed2", "torn2"])
    #expect(
      Self.plan(dumps, RetentionPolicy(last: 2))[6]
        == "keep: can't be decrypted, kept: it may be encrypted with another key")
    let alone = RetentionPlan(
      dumps: [dumps[0]], policy: .standard, clock: .trusted(now: Self.now), removesDamaged: true)
    #expect(alone.removals == [])
  }

  @Test("removes nothing while no dump counts")
  func nothingCounts() {
    let dumps = [Self.dump("a", age: 0, .unverified), Self.dump("b", age: 1, .damaged), Self.dump("c", age: -1)]
    let plan = RetentionPlan(dumps: dumps, policy: RetentionPolicy(last: 1), clock: .trusted(now: Self.now))
    #expect(plan.removals == [])
    #expect(plan.anchor == nil)
  }

  @Test("does not let a series of small dumps displace others until one of them is accepted")
  func shrunk() {
    let dumps =
      (0..<3).map { Self.dump("small\($0)", age: $0, .good(documents: 49)) }
      + [Self.dump("large", age: 3), Self.dump("larger", age: 4)]
    let policy = RetentionPolicy(last: 1)
    let flagged = "keep: shrank by more than half"
    #expect(
      Self.plan(dumps, policy) == [
        "\(flagged), \(Self.newest)", "\(flagged), no newer verified dump", "\(flagged), no newer verified dump",
        "keep: last 1 of 1, no newer verified dump", "remove: no rule keeps it",
      ])
    #expect(
      Self.plan(dumps, policy, accepted: ["small1"])
        == ["keep: last 1 of 1, \(Self.newest)", "remove: no rule keeps it", flagged]
        + ["remove: no rule keeps it", "remove: no rule keeps it"])
  }

  @Test("caps the dumps that the rules keep, removing the oldest first and never the newest")
  func caps() {
    let dumps = [Self.dump("torn", age: 0, bytes: .max, .damaged)] + Self.good(1, 2, 3)
    let torn = "keep: damaged, kept for a look, no newer verified dump"
    let newest = "last 1 of 9, \(Self.newest)"
    #expect(
      Self.plan(dumps, RetentionPolicy(last: 9, maximumCount: 2))
        == [torn, "keep: \(newest)", "keep: last 2 of 9", "remove: over max-count 2"])
    #expect(
      Self.plan(dumps, RetentionPolicy(last: 9, maximumBytes: 20))
        == [torn, "keep: \(newest)", "keep: last 2 of 9", "remove: over max-bytes 20"])
    #expect(
      Self.plan(dumps, RetentionPolicy(maximumBytes: 9, maximumCount: 2)) == [
        torn, "keep: within the caps, \(Self.newest)", "remove: over max-bytes 9",
        "remove: over max-count 2, over max-bytes 9",
      ])
    #expect(
      Self.plan(dumps, RetentionPolicy(last: 2, maximumCount: 0))
        == [torn, "keep: last 1 of 2, \(Self.newest)", "keep: last 2 of 2", "remove: no rule keeps it"])
  }

  @Test("treats a rule or a cap of 0 as off, and keeps everything when all are off")
  func rulesThatAreOff() {
    let dumps = Self.good(0, 3600, 86_400)
    let none = RetentionPolicy(within: 0, maximumBytes: 0, maximumCount: 0)
    #expect(none.isEmpty)
    for policy in [
      none, RetentionPolicy(within: 0), RetentionPolicy(maximumBytes: 0), RetentionPolicy(maximumCount: -1),
    ] {
      let plan = RetentionPlan(dumps: dumps, policy: policy, clock: .trusted(now: Self.now))
      #expect(plan.removals == [])
    }
    let last = RetentionPolicy(last: 1)
    let same = RetentionPolicy(last: 1, within: 0, maximumBytes: 0, maximumCount: 0)
    #expect(Self.plan(dumps, same) == Self.plan(dumps, last))
  }

  @Test("limits the number of dumps by default")
  func standard() {
    let decisions = Self.plan((0..<2000).map { Self.dump(String($0), age: $0 * 3600) }, .standard)
    // These are 24 hours, which include the last five dumps and two days; five more days, which include two weeks; and
    // two more weeks.
    #expect(decisions.count { $0.hasPrefix("keep") } == 24 + 5 + 2)
  }

  @Test("names the dump that justifies its removals")
  func anchor() {
    let dumps = [Self.dump("unread", age: 0, .unverified)] + Self.good(1, 2)
    let plan = RetentionPlan(dumps: dumps, policy: RetentionPolicy(last: 1), clock: .trusted(now: Self.now))
    #expect(plan.anchor == "d0")
    #expect(plan.removals == ["d1"])
  }

  @Test("accepts any numbers without a trap")
  func absurdNumbers() {
    let extremes = [Int.min, Int.min + 1, -1, 0, 1, .max - 1, .max]
    let dumps = extremes.flatMap { time in
      extremes.map {
        JudgedDump(name: "\(time) \($0)", createdAt: time, bytes: $0, verdict: .good(documents: $0))
      }
    }
    for number in extremes {
      let policy = RetentionPolicy(
        last: number, hourly: number, daily: number, weekly: number, monthly: number, yearly: number, within: number,
        maximumBytes: number, maximumCount: number)
      for now in extremes {
        #expect(Self.plan(dumps, policy, clock: .trusted(now: now)).count == dumps.count)
      }
    }
  }
}
