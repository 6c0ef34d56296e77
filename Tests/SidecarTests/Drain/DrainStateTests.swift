import DumpDirectory
import TestSupport
import Testing

@testable import Sidecar

@Suite("DrainState")
struct DrainStateTests {
  private static func state(
    limit: Int = 60, _ sighting: GatewaySighting = .writer, own: String? = "a", bucket: String? = nil
  ) -> DrainState {
    DrainState(limit: .seconds(limit), sighting: sighting, ownHolder: own, dumpPath: "d.bin", bucket: bucket)
  }

  /// Fails requests until the state wants something else than a request or a pause.
  private static func fail(
    _ state: inout DrainState, _ code: GatewayError.Code, retryAfter: Int? = nil
  ) -> (action: DrainState.Action, requests: Int, now: Duration) {
    var generator = SeededGenerator(seed: 1)
    var (requests, now) = (0, Duration.zero)
    var action = state.start(at: now)
    while true {
      switch action {
      case .requestReadiness where state.isCheckingRole: action = state.answerRole(at: now)
      case .requestDump:
        requests += 1
        now += .milliseconds(10)
        action = state.requestFailed(
          GatewayError(code, "in its own words", retryAfter: retryAfter), at: now, using: &generator)
      case .pause(let until):
        now = until
        action = state.pauseEnded(at: now)
      default: return (action, requests, now)
      }
    }
  }

  @Test("ends in time with one outcome in every world, which is `drained` only with a verified dump")
  func simulation() {
    var outcomes: [DrainOutcome: Int] = [:]
    for seed in 0..<12_000 as Range<UInt64> {
      var simulation = DrainSimulation(seed: seed)
      if let outcome = simulation.run() { outcomes[outcome, default: 0] += 1 }
      #expect(simulation.violations.isEmpty, "seed \(seed): \(simulation.violations)")
      if !simulation.violations.isEmpty { return }
    }
    // Every outcome comes up.
    for outcome in DrainOutcome.allCases { #expect(outcomes[outcome, default: 0] > 5, "\(outcome): \(outcomes)") }
  }

  @Test("verifies the dump that the gateway wrote, copies it, and writes the receipt")
  func drained() throws {
    var state = Self.state(bucket: "copies")
    #expect(state.start(at: .zero) == .requestReadiness(until: .seconds(2)))
    #expect(state.answerRole(at: .zero) == .requestDump(until: .seconds(52)))
    let answer = try #require(DumpAnswer(Array(#"{"path":"/d/a.bin"}"#.utf8)))
    #expect(state.dumpWritten(answer, at: .seconds(2)) == .checkDump(answer, until: .seconds(58)))
    #expect(state.dumpChecked(.verified(.example()), at: .seconds(5)) == .copyDump(until: .seconds(58)))
    #expect(state.verified?.name == "a.bin")
    #expect(state.record.dump?.isNew == true)
    #expect(state.record.dump?.verifyingTook == .seconds(3))
    #expect(state.record.copy?.isThere == false)
    let safe = DrainFinding(.drained, "the dump is safe")
    #expect(
      state.copyEnded(.init(bucket: "copies", reason: "x")) == .writeReceipt(safe, until: .milliseconds(59_700)))
    #expect(state.exit == .success)
    #expect(state.receiptEnded() == .exit(safe))
    #expect(state.record.attempts.map(\.result) == ["written"])
    #expect(state.record.attempts.map(\.took) == [.seconds(2)])
  }

  @Test("calls a verified dump a lost lease if a start would take a later holder's")
  func superseded() throws {
    var state = Self.state()
    _ = (state.start(at: .zero), state.answerRole(at: .zero))
    _ = state.dumpWritten(try #require(DumpAnswer(Array(#"{"path":"/d/a.bin"}"#.utf8))), at: .zero)
    guard case .writeReceipt(let finding, _) = state.dumpChecked(.verified(.example(supersededBy: "b.bin")), at: .zero)
    else {
      Issue.record("there is no receipt")
      return
    }
    #expect(finding.outcome == .leaseLost)
    #expect(finding.sentence.contains("'b.bin'"))
  }

  @Test(
    "ends the requests for what asking again does not change, with the outcome of the last error",
    arguments: [
      (GatewayError.Code.forbidden, 1, DrainOutcome.forbidden), (.rejected, 1, .rejected),
      (.loginRefused, 3, .loginRefused),
    ])
  func refused(code: GatewayError.Code, requests: Int, outcome: DrainOutcome) {
    var state = Self.state()
    let end = Self.fail(&state, code)
    #expect(end.action == .checkNewestDump(until: .seconds(58)))
    #expect(end.requests == requests)
    guard case .writeReceipt(let finding, _) = state.dumpChecked(.verified(.example()), at: end.now) else {
      Issue.record("there is no receipt")
      return
    }
    #expect(finding == DrainFinding(outcome, "in its own words"))
    #expect(state.record.dump?.isNew == false)
  }

  @Test(
    "requests again while that may help, until the time of the requests is over",
    arguments: [
      (GatewayError.Code.failed, DrainOutcome.dumpFailed), (.strange, .dumpFailed), (.loginLimited, .loginRefused),
      (.tokenRefused, .loginRefused), (.notReady, .timedOut), (.interrupted, .timedOut),
    ])
  func retried(code: GatewayError.Code, outcome: DrainOutcome) {
    var state = Self.state()
    let end = Self.fail(&state, code)
    #expect(end.action == .checkNewestDump(until: .seconds(58)))
    #expect(end.requests > 10)
    #expect(end.now < .seconds(52))
    guard case .writeReceipt(let finding, _) = state.dumpChecked(.verified(.example()), at: end.now) else {
      Issue.record("there is no receipt")
      return
    }
    #expect(finding.outcome == outcome)
  }

  @Test("waits as long as the gateway asks for, and not at all if that is past the time of the requests")
  func retryAfter() {
    var state = Self.state()
    let end = Self.fail(&state, .loginLimited, retryAfter: 20)
    #expect(end.requests == 3)
    #expect(end.now < .seconds(41))
    var hurried = Self.state()
    #expect(Self.fail(&hurried, .loginLimited, retryAfter: 60).requests == 1)
  }

  @Test("watches the lease of a gateway that is gone, and requests again if the holder renews it")
  func gone() {
    var state = Self.state()
    let end = Self.fail(&state, .gone)
    #expect(end.requests == 3)
    #expect(end.action == .watchLease(until: .seconds(52)))
    var generator = SeededGenerator(seed: 1)
    var restarted = state
    // The first time on the chance that it is this gateway, started again. After that it must be known to be.
    for (holder, isRequested) in [("b", true), ("a", true), ("b", false)] {
      var action = restarted.leaseWatched(.held(by: holder, .renewed, after: nil), at: .seconds(9), using: &generator)
      if restarted.isCheckingRole { action = restarted.answerRole(at: .seconds(9)) }
      #expect((action == .requestDump(until: .seconds(52))) == isRequested, "\(holder)")
      guard isRequested else { break }
      var failed = action
      for second in 10..<13 {
        failed = restarted.requestFailed(GatewayError(.gone, "how"), at: .seconds(second), using: &generator)
        if case .pause(let until) = failed { _ = (restarted.pauseEnded(at: until), restarted.answerRole(at: until)) }
      }
      #expect(failed == .watchLease(until: .seconds(52)))
    }
    // Without time left there is no further request.
    let last = state.leaseWatched(.held(by: "a", .renewed, after: nil), at: .seconds(52), using: &generator)
    #expect(last == .checkNewestDump(until: .seconds(58)))
  }

  @Test("checks the lease of a gateway that does not answer after three requests, and once more at the end")
  func unanswered() {
    for code in [GatewayError.Code.unreachable, .timedOut] {
      var state = Self.state()
      let end = Self.fail(&state, code)
      #expect(end.requests == 3)
      #expect(end.action == .watchLease(until: end.now + .seconds(1)))
      var generator = SeededGenerator(seed: 1)
      var dead = state
      #expect(
        dead.leaseWatched(.held(by: "a", .abandoned, after: nil), at: end.now, using: &generator)
          == .watchLease(until: .seconds(52)))
      guard case .pause = state.leaseWatched(.held(by: "a", .silent, after: nil), at: end.now, using: &generator)
      else {
        Issue.record("it does not go on")
        continue
      }
      #expect(state.pauseEnded(at: .seconds(52)) == .watchLease(until: .seconds(53)))
      #expect(
        state.leaseWatched(.absent, at: .seconds(53), using: &generator) == .checkNewestDump(until: .seconds(58)))
    }
  }

  @Test("asks a gateway that was never seen ready whether it starts or stops")
  func neverReady() {
    let words: [(GatewayClient.Readiness?, isStarting: Bool)] = [
      (.notReady("starting"), true), (.notReady("draining"), false), (.ready, false), (nil, false),
    ]
    for (readiness, isStarting) in words {
      var state = Self.state(.neverReady, own: nil)
      let end = Self.fail(&state, .notReady)
      #expect(end.action == .requestReadiness(until: end.now + .seconds(2)))
      var generator = SeededGenerator(seed: 1)
      let next = state.readinessChecked(readiness, at: end.now, using: &generator)
      #expect((next == .watchLease(until: .seconds(52))) == isStarting)
      if case .pause = next { #expect(!isStarting) }
    }
  }

  @Test("asks the lease why a gateway that took changes stands by, and believes one that took none")
  func standby() {
    var deposed = Self.state(.deposed)
    _ = deposed.start(at: .zero)
    #expect(deposed.answerRole(.standby(reason: "another"), at: .zero) == .watchLease(until: .seconds(52)))
    deposed = Self.state(.deposed)
    #expect(Self.fail(&deposed, .standby).action == .watchLease(until: .seconds(52)))
    var other = Self.state(.standby)
    #expect(Self.fail(&other, .standby).action == .checkNewestDump(until: .seconds(58)))
  }

  @Test("writes the receipt at once when it is interrupted, and keeps an outcome that is decided")
  func interrupted() throws {
    var state = Self.state(bucket: "copies")
    _ = state.start(at: .zero)
    let finding = DrainFinding(.interrupted, "a second signal (SIGTERM) ended the drain before it was done")
    #expect(state.exit == .failure)
    #expect(
      state.interrupt("SIGTERM", at: .seconds(7)) == .writeReceipt(finding, until: .milliseconds(7500)))
    let answer = try #require(DumpAnswer(Array(#"{"path":"/d/a.bin"}"#.utf8)))
    #expect(state.dumpWritten(answer, at: .seconds(8)) == .ignore)
    #expect(state.receiptEnded() == .exit(finding))
    #expect(state.receiptEnded() == .ignore)

    var copying = Self.state(bucket: "copies")
    _ = (copying.start(at: .zero), copying.answerRole(at: .zero))
    _ = copying.dumpWritten(answer, at: .zero)
    _ = copying.dumpChecked(.verified(.example()), at: .zero)
    #expect(
      copying.interrupt("SIGTERM", at: .milliseconds(59_900))
        == .writeReceipt(DrainFinding(.drained, "the dump is safe"), until: .seconds(60)))
    #expect(copying.record.copy?.reason == "the drain ended before the copy was done")
  }

  @Test("says that a volume which does not answer in time has failed")
  func late() throws {
    var state = Self.state()
    _ = (state.start(at: .zero), state.answerRole(at: .zero))
    _ = state.dumpWritten(try #require(DumpAnswer(Array(#"{"path":"/d/a.bin"}"#.utf8))), at: .zero)
    guard case .writeReceipt(let finding, _) = state.dumpChecked(.late, at: .seconds(58)) else {
      Issue.record("there is no receipt")
      return
    }
    #expect(finding.outcome == .volumeFailed)
    #expect(finding.sentence.contains("'d.bin'"))
  }
}
