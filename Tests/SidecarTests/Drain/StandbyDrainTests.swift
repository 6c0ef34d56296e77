import TestSupport
import Testing

@testable import Sidecar

@Suite("A drain of a task on standby")
struct StandbyDrainTests {
  private static func state(_ sighting: GatewaySighting, own: String? = "a", bucket: String? = nil) -> DrainState {
    DrainState(limit: .seconds(60), sighting: sighting, ownHolder: own, dumpPath: "d.bin", bucket: bucket)
  }

  @Test("asks a gateway on standby for no dump, looks twice whether it still is, and copies nothing")
  func noDumpOfStandby() throws {
    for (sighting, second) in [
      (GatewaySighting.standby, GatewayClient.Readiness.standby(reason: "another task writes")),
      (.neverReady, .standby(reason: "another", isCurrent: false)), (.unwatched, .notReady("draining")),
    ] {
      var state = Self.state(sighting, own: nil, bucket: "copies")
      _ = state.start(at: .zero)
      let first = state.answerRole(.standby(reason: "another task writes"), at: .milliseconds(10))
      #expect(first == .checkNewestDump(until: .seconds(58)))
      #expect(state.dumpChecked(.verified(.example()), at: .seconds(1)) == .requestReadiness(until: .seconds(3)))
      let finding = DrainFinding(.standby, "another task writes")
      #expect(state.answerRole(second, at: .seconds(2)) == .writeReceipt(finding, until: .milliseconds(59_700)))
      #expect(state.record.copy?.isThere == false)
      #expect(state.record.copy?.reason?.contains("its sidecar makes the copies") == true)
      #expect(state.record.attempts.map(\.step) == ["readiness"])
      #expect(state.record.attempts.map(\.result) == ["standby: another task writes"])
      #expect(state.receiptEnded() == .exit(finding) && finding.outcome.exit == .success)
    }
  }

  @Test("drains a task that became the writer while it was drained as a standby")
  func takesOver() throws {
    var state = Self.state(.standby, own: nil)
    _ = state.start(at: .zero)
    _ = state.answerRole(.standby(reason: "another task writes"), at: .zero)
    _ = state.dumpChecked(.verified(.example()), at: .seconds(1))
    #expect(state.answerRole(.ready, at: .seconds(2)) == .requestReadiness(until: .seconds(4)))
    #expect(state.sighting == .writer)
    #expect(state.answerRole(.ready, at: .seconds(2)) == .requestDump(until: .seconds(52)))
    let answer = try #require(DumpAnswer(Array(#"{"path":"/d/a.bin"}"#.utf8)))
    #expect(state.dumpWritten(answer, at: .seconds(3)) == .checkDump(answer, until: .seconds(58)))
    let safe = DrainFinding(.drained, "the dump is safe")
    #expect(
      state.dumpChecked(.verified(.example()), at: .seconds(4)) == .writeReceipt(safe, until: .milliseconds(59_700)))
    #expect(state.record.dump?.isNew == true)
    #expect(state.record.attempts.map(\.step) == ["readiness", "dump"])
  }

  @Test("asks the lease about a standby that does not answer any more")
  func standbyGone() {
    for (lease, outcome) in [
      (LeaseEvidence.held(by: "b", .renewed, after: nil), DrainOutcome.standby),
      (.held(by: "b", .released, after: nil), .serviceGone), (.held(by: "b", .abandoned, after: nil), .serviceCrashed),
    ] {
      var state = Self.state(.standby, own: nil)
      var generator = SeededGenerator(seed: 1)
      _ = state.start(at: .zero)
      _ = state.answerRole(.standby(reason: "another"), at: .zero)
      _ = state.dumpChecked(.verified(.example()), at: .seconds(1))
      #expect(state.answerRole(nil, at: .seconds(2)) == .watchLease(until: .seconds(52)))
      // The holder that renews the lease is another task, so no dump is asked for.
      #expect(state.leaseWatched(lease, at: .seconds(3), using: &generator) == .checkNewestDump(until: .seconds(58)))
      guard case .writeReceipt(let finding, _) = state.dumpChecked(.verified(.example()), at: .seconds(3)) else {
        Issue.record("there is no receipt after \(lease)")
        continue
      }
      #expect(finding.outcome == outcome)
    }
  }

  @Test("asks a task for a dump that holds the lease while it takes no changes")
  func holdsLease() {
    var state = Self.state(.deposed)
    _ = state.start(at: .zero)
    let action = state.answerRole(.standby(reason: "the volume is full", hasLease: true), at: .zero)
    #expect(action == .requestDump(until: .seconds(52)))
  }
}

extension DrainState {
  /// Whether it waits for the role of a gateway that is to be asked for a dump.
  var isCheckingRole: Bool { if case .checkingRole = phase { true } else { false } }

  /// Answers the question for the role.
  mutating func answerRole(
    _ readiness: GatewayClient.Readiness? = .ready, at now: Duration
  ) -> Action {
    var generator = SeededGenerator(seed: 1)
    return readinessChecked(readiness, at: now, using: &generator)
  }
}
