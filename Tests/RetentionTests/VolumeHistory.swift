import Retention
import TestSupport

/// A random history of one dump directory. The gateway writes to it, operators and accidents change it, and two
/// sidecars prune it, each by the state that it last read.
struct VolumeHistory {
  /// The numbers of the events that these histories must contain.
  struct Tally {
    var prunes = 0, removals = 0, stalePrunes = 0, flagged = 0, future = 0, anchorsGone = 0, capped = 0, damagedGone = 0
    var unopenedGone = 0
  }

  private var random: SeededGenerator
  private let policy: RetentionPolicy
  private var now: Int
  private var directory: [JudgedDump] = []
  private var accepted: Set<String> = []
  private var views: [[JudgedDump]] = [[], []]
  private var written = 0
  private(set) var tally: Tally

  init(random: SeededGenerator, tally: Tally) {
    var random = random
    self.tally = tally
    policy = random.policy()
    now = 1_750_000_000 + random.below(40_000_000)
    self.random = random
    for _ in 0..<self.random.below(6) { write() }
  }

  /// Runs the history.
  ///
  /// - Returns: the first violation, and the generator for the next history.
  mutating func run() -> (violation: String?, random: SeededGenerator) {
    for _ in 0..<random.below(9) {
      switch random.below(20) {
      case 0..<7: write()
      case 7, 8: plant()
      case 9: damage()
      case 10, 11: verify()
      case 12, 13: jump()
      case 14: accept()
      case 15: views[0] = directory
      case 16: views[1] = directory
      default:
        if let violation = prune() { return (violation, random) }
      }
    }
    return (prune(), random)
  }

  private mutating func write() {
    now = min(
      now + random.pick([0, 0, 1, 600, 3600, 3600, 43_200, 86_400, 604_800, 2_700_000]), NaiveCalendar.lastSecond)
    written += 1
    let isGood = random.below(8) > 0
    let documents = random.pick([0, 1, 49, 50, 60, 99, 100, 100, 101, 120, 200])
    directory.insert(
      JudgedDump(
        name: String(written), createdAt: now, bytes: random.below(100),
        verdict: isGood ? .good(documents: documents) : .unverified), at: 0)
  }

  private mutating func plant() {
    written += 1
    let dump = JudgedDump(
      name: "planted-\(written)", createdAt: random.pick([now - 5000, now, now + 1, now + 400_000_000, .max, .min]),
      bytes: random.pick([0, 1_000_000, .max]), verdict: [.damaged, .unopened, .unverified][random.below(3)])
    directory.insert(dump, at: random.below(directory.count + 1))
  }

  private mutating func damage() {
    judge(random.below(max(1, directory.count)), random.below(2) == 0 ? .damaged : .unopened)
  }

  private mutating func verify() {
    guard let index = directory.firstIndex(where: { $0.verdict == .unverified }) else { return }
    let isGood = !directory[index].name.hasPrefix("planted") && random.below(4) > 0
    judge(index, isGood ? .good(documents: random.pick([10, 100, 250])) : .unopened)
  }

  private mutating func judge(_ index: Int, _ verdict: JudgedDump.Verdict) {
    guard index < directory.count else { return }
    let dump = directory[index]
    directory[index] = JudgedDump(name: dump.name, createdAt: dump.createdAt, bytes: dump.bytes, verdict: verdict)
  }

  private mutating func jump() {
    now += random.pick([-100_000_000, -90_000, -3600, -1, 3600, 90_000, 100_000_000])
    now = min(max(now, NaiveCalendar.firstSecond), NaiveCalendar.lastSecond)
  }

  private mutating func accept() {
    guard let dump = directory.randomElement(using: &random) else { return }
    accepted.insert(dump.name)
  }

  private mutating func prune() -> String? {
    let sidecar = random.below(2)
    if random.below(2) == 0 { views[sidecar] = directory }
    let view = views[sidecar]
    guard random.below(32) > 0 else {
      let plan = RetentionPlan(
        dumps: view.accepting(accepted), policy: policy, clock: .untrusted(reason: "it jumped"))
      return plan.removals.isEmpty && plan.anchor == nil ? nil : "pruned by an untrusted clock"
    }
    let removesDamaged = random.below(8) == 0
    let plan = RetentionPlan(
      dumps: view.accepting(accepted), policy: policy, clock: .trusted(now: now), removesDamaged: removesDamaged)
    let check = PlanCheck(
      plan: plan, dumps: view, policy: policy, now: now, accepted: accepted, removesDamaged: removesDamaged,
      later: now + random.pick([1, 3600, 100_000, 100_000_000]))
    tally.prunes += 1
    tally.flagged += check.oracle.flagged.count
    tally.future += view.reduce(0) { $0 + ($1.createdAt > now ? 1 : 0) }
    if view != directory { tally.stalePrunes += 1 }
    let unopened = view.filter { $0.verdict == .unopened && plan.removals.contains($0.name) }
    if !removesDamaged, let dump = unopened.first { return "removed \(dump), which another key may open" }
    tally.unopenedGone += unopened.count
    return check.violation ?? apply(plan, check.oracle, view)
  }

  /// Carries out the removals of a plan as a sidecar does: only while the dump that justifies them still exists and is
  /// good.
  private mutating func apply(_ plan: RetentionPlan, _ oracle: NaiveRetention, _ view: [JudgedDump]) -> String? {
    let removals = plan.removals
    guard !removals.isEmpty else { return nil }
    guard let anchor = directory.first(where: { $0.name == plan.anchor }), anchor.documents != nil else {
      tally.anchorsGone += 1
      return nil
    }
    let before = directory
    let newestGood = before.first { $0.documents != nil }
    directory.removeAll { removals.contains($0.name) }
    tally.removals += before.count - directory.count
    tally.damagedGone += before.count { $0.verdict == .damaged } - directory.count { $0.verdict == .damaged }
    if policy.maximumBytes != nil || policy.maximumCount != nil { tally.capped += 1 }
    if let newestGood, !directory.contains(where: { $0.name == newestGood.name }) {
      return "removed the newest good dump"
    }

    // Shrinking is judged by the sidecar's view; everything else by the real state.
    let flagged = oracle.flagged.map { view[$0].name }
    let newestCounting = before.firstIndex {
      $0.documents != nil && $0.createdAt <= now && !flagged.contains($0.name)
    }
    for (index, dump) in before.enumerated() where removals.contains(dump.name) {
      guard let newestCounting, newestCounting < index else { return "removed \(dump) without a newer verified one" }
    }
    return nil
  }
}

extension SeededGenerator {
  /// A random number below a bound.
  ///
  /// - Parameter bound: small, so that the bias of the remainder does not matter.
  mutating func below(_ bound: Int) -> Int { Int(next() >> 33) % bound }

  mutating func pick(_ values: [Int]) -> Int { values[below(values.count)] }

  mutating func policy() -> RetentionPolicy {
    var policy = RetentionPolicy()
    let rules = next()
    // Each rule has two bits, so one in four is set.
    if rules & 3 == 0 { policy.last = below(5) }
    if rules >> 2 & 3 == 0 { policy.hourly = below(5) }
    if rules >> 4 & 3 == 0 { policy.daily = below(5) }
    if rules >> 6 & 3 == 0 { policy.weekly = below(4) }
    if rules >> 8 & 3 == 0 { policy.monthly = below(4) }
    if rules >> 10 & 3 == 0 { policy.yearly = below(3) }
    if rules >> 12 & 3 == 0 { policy.within = pick([0, 1, 3600, 90_000, 604_800]) }
    if rules >> 14 & 3 == 0 { policy.maximumBytes = pick([0, 50, 150, 1000]) }
    if rules >> 16 & 3 == 0 { policy.maximumCount = below(6) }
    return policy
  }
}
