import DumpDirectory
import DumpFormat
import DumpReports
import TestSupport

@testable import Sidecar

/// Drives a drain through a world of chance, and notes what breaks its rules.
struct DrainSimulation {
  private var generator: SeededGenerator
  private var state: DrainState
  private var now = Duration.zero
  private var action = DrainState.Action.ignore
  /// The answers of the gateway in this world. A run has few kinds, so that the same comes several times in a row.
  private let answers: [GatewayError.Code?]
  private let interruptions: Int
  private var interruptedAt: Duration?
  private var hasVerifiedAnswer = false
  private var lastEvidence: LeaseEvidence?
  private var isRequestedAfterEvidence = false
  private var findings: [DrainFinding] = []
  private var requests = 0
  /// Whether the gateway said last that another task writes.
  private var isOnStandby = false
  private(set) var violations: [String] = []

  init(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let codes: [GatewayError.Code?] = [
      nil, .gone, .unreachable, .notReady, .loginRefused, .loginLimited, .tokenRefused, .forbidden, .standby,
      .rejected, .failed, .timedOut, .interrupted, .strange,
    ]
    answers = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
      codes[Int.random(in: 0..<codes.count, using: &generator)]
    }
    interruptions = Int.random(in: 0...9, using: &generator)
    let limits: [Duration] = [.seconds(1), .seconds(3), .seconds(10), .seconds(55), .seconds(3600)]
    let sightings = GatewaySighting.allCases
    state = DrainState(
      limit: limits[Int.random(in: 0..<limits.count, using: &generator)],
      sighting: sightings[Int.random(in: 0..<sightings.count, using: &generator)],
      ownHolder: Bool.random(using: &generator) ? "a" : nil, dumpPath: "d.bin",
      bucket: Bool.random(using: &generator) ? "copies" : nil)
    self.generator = generator
  }

  /// - Returns: the outcome, or `nil` if the drain did not end.
  mutating func run() -> DrainOutcome? {
    action = state.start(at: .zero)
    for _ in 0..<200_000 {
      if case .exit(let finding) = action {
        checkEnd(finding)
        return finding.outcome
      }
      step()
      if let finding = state.finding, findings.last != finding { findings.append(finding) }
      if findings.count > 1 { violations.append("the outcome changed: \(findings)") }
      guard violations.isEmpty else { return nil }
    }
    violations.append("the drain does not end")
    return nil
  }

  private mutating func step() {
    let until = self.until
    if until > state.limit { violations.append("\(action) runs past the deadline of \(state.limit)") }
    let isReceipt = if case .writeReceipt = action { true } else { false }
    if chance(10) { strayEvent() }
    if interruptedAt == nil, interruptions == 0, !isReceipt, chance(8) { return interrupt(before: until) }
    let performed = action
    let time = pass(until: until)
    action = carryOut(performed, took: time)
    if action == .ignore { violations.append("\(performed) was answered, and nothing follows") }
  }

  /// An interruption comes while an action is under way, whose event comes later.
  private mutating func interrupt(before until: Duration) {
    let performed = action
    let finding = state.finding
    _ = pass(until: until)
    action = state.interrupt("SIGTERM", at: now)
    interruptedAt = now
    guard case .writeReceipt(let decided, _) = action else {
      violations.append("an interruption does not lead to the receipt")
      return
    }
    if decided.outcome != finding?.outcome ?? .interrupted { violations.append("interrupted, but \(decided)") }
    let late = carryOut(performed, took: .zero)
    if late != .ignore { violations.append("after an interruption, \(performed) leads to \(late)") }
    // An earlier decision of the state counts, and late events do not.
    hasVerifiedAnswer = finding?.outcome == .drained
  }

  /// An event that belongs to no step under way changes nothing.
  private mutating func strayEvent() {
    let (before, attempts) = (state.finding, state.record.attempts.count)
    let events: [(isFitting: Bool, action: DrainState.Action)] = [
      ({ if case .pause = action { true } else { false } }(), .pause(until: now)),
      ({ if case .copyDump = action { true } else { false } }(), .copyDump(until: now)),
      ({ if case .requestReadiness = action { true } else { false } }(), .requestReadiness(until: now)),
      ({ if case .watchLease = action { true } else { false } }(), .watchLease(until: now)),
    ]
    for event in events where !event.isFitting {
      let (evidence, verified, standby) = (lastEvidence, hasVerifiedAnswer, isOnStandby)
      if carryOut(event.action, took: .zero) != .ignore { violations.append("a stray \(event.action) is answered") }
      (lastEvidence, hasVerifiedAnswer, isOnStandby) = (evidence, verified, standby)
    }
    if state.start(at: now) != .ignore { violations.append("a drain starts twice") }
    if state.finding != before || state.record.attempts.count != attempts { violations.append("a stray event counts") }
  }

  private mutating func carryOut(_ action: DrainState.Action, took: Duration) -> DrainState.Action {
    switch action {
    case .requestDump:
      requests += 1
      lastEvidence = nil
      if isOnStandby { violations.append("a standby is asked for a dump") }
      let answer = answers[Int.random(in: 0..<answers.count, using: &generator)]
      guard let code = answer else {
        guard let dump = DumpAnswer(Array(#"{"path":"/d/a.bin"}"#.utf8)) else { return .ignore }
        return state.dumpWritten(dump, at: now)
      }
      let waits = [nil, nil, nil, 0, 1, 7, -5, Int.max]
      let error = GatewayError(
        code, "how", retryAfter: waits[Int.random(in: 0..<waits.count, using: &generator)])
      return state.requestFailed(error, at: now, using: &generator)
    case .requestReadiness:
      let answers: [GatewayClient.Readiness?] = [
        nil, .ready, .ready, .standby(reason: "x"), .standby(reason: "x", hasLease: true), .notReady("draining"),
        .notReady("starting"),
      ]
      let answer = answers[Int.random(in: 0..<answers.count, using: &generator)]
      isOnStandby = answer == .standby(reason: "x")
      return state.readinessChecked(answer, at: now, using: &generator)
    case .pause: return state.pauseEnded(at: now)
    case .watchLease:
      let evidence = evidence(took)
      lastEvidence = evidence
      return state.leaseWatched(evidence, at: now, using: &generator)
    case .checkDump:
      let result = result()
      if case .verified(let checked) = result, checked.supersededBy == nil { hasVerifiedAnswer = true }
      return state.dumpChecked(result, at: now)
    case .checkNewestDump: return state.dumpChecked(result(), at: now)
    case .copyDump: return state.copyEnded(.init(bucket: "copies", reason: "x"))
    case .writeReceipt: return state.receiptEnded()
    case .exit, .ignore: return .ignore
    }
  }

  private mutating func checkEnd(_ finding: DrainFinding) {
    if now > state.limit { violations.append("it ended \(now - state.limit) after its deadline") }
    if let interruptedAt, now > interruptedAt + .milliseconds(500) {
      violations.append("it went on for \(now - interruptedAt) after an interruption")
    }
    if finding.outcome == .drained, !hasVerifiedAnswer { violations.append("drained without a verified dump") }
    if hasVerifiedAnswer, finding.outcome != .drained { violations.append("a verified dump, and \(finding)") }
    let attempts = state.record.attempts.count { $0.step == "dump" }
    if requests != attempts + (interruptedAt == nil ? 0 : 1), requests != attempts {
      violations.append("\(requests) requests and \(attempts) attempts")
    }
    if state.sighting == .writer, case .held(_, let last, _)? = lastEvidence, last == .abandoned || last == .silent,
      interruptedAt == nil, finding.outcome.exit == .success
    {
      violations.append("a writer crashed, and all is well: \(finding)")
    }
    if finding.outcome.exit != state.exit { violations.append("the exit code is \(state.exit)") }
    let after = [
      state.interrupt("SIGTERM", at: now), state.receiptEnded(), state.dumpChecked(.late, at: now),
      state.pauseEnded(at: now), state.copyEnded(.init(bucket: "copies", reason: "")), state.start(at: now),
    ]
    if after.contains(where: { $0 != .ignore }) || state.finding != finding {
      violations.append("it goes on after its end")
    }
  }
}

extension DrainSimulation {
  private var until: Duration {
    switch action {
    case .requestDump(let until), .requestReadiness(let until), .pause(let until), .watchLease(let until),
      .checkDump(_, let until), .checkNewestDump(let until), .copyDump(let until), .writeReceipt(_, let until):
      until
    case .exit, .ignore: .zero
    }
  }

  private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &generator) == 0 }

  /// Lets time go by, at most until a moment. A pause lasts until that moment.
  private mutating func pass(until: Duration) -> Duration {
    let left = max(.zero, until - now)
    let isPause = if case .pause = action { true } else { false }
    let share = [0, 0, 0.3, 1][Int.random(in: 0..<4, using: &generator)]
    let time = isPause ? left : min(left, .milliseconds(Int.random(in: 1...40, using: &generator)) + left * share)
    now += time
    return time
  }

  private mutating func evidence(_ took: Duration) -> LeaseEvidence {
    let states: [LeaseEvidence.State] = [.released, .abandoned, .silent, .renewed]
    let state = states[Int.random(in: 0..<states.count, using: &generator)]
    // Renewal shows by two reads with a pause between them.
    if chance(8) || state == .renewed && took < .milliseconds(250) {
      return chance(2) ? .absent : .unreadable("why")
    }
    let before = [nil, ("a", true), ("a", false), ("c", true), ("c", false)][Int.random(in: 0..<5, using: &generator)]
    return .held(
      by: chance(2) ? "a" : "b", state, after: before.map { LeaseEvidence.Predecessor(holder: $0.0, isReleased: $0.1) })
  }

  private mutating func result() -> DumpCheck.Result {
    switch Int.random(in: 0..<7, using: &generator) {
    case 0: .noDump
    case 1: .failed(.damaged("damaged"))
    case 2: .failed(chance(2) ? .unreadable("unreadable") : .notOnVolume("elsewhere"))
    case 3: .late
    case 4: .verified(.example(supersededBy: "newer.bin"))
    default: .verified(.example())
    }
  }
}

extension DumpCheck.Checked {
  /// A dump that verifies.
  static func example(supersededBy newer: String? = nil) -> DumpCheck.Checked {
    let good = GoodDump(
      header: DumpHeader(createdAt: "2026-11-24T00:00:00Z"), documents: 3, sha256: "00",
      collections: [])
    return DumpCheck.Checked(
      dump: KnownDump(entry: DumpEntry(path: "/d/a.bin"), identity: nil, verification: .good(good)), good: good,
      predecessor: nil, shrank: false, supersededBy: newer)
  }
}
