import Clocks
import DumpFormat
import Foundation
import Logging
import Retention
import Synchronization
import TestSupport
import Testing

@testable import Sidecar

@Suite("Work of the sidecar by its role")
struct RoleWatchTests {
  private static let logger = Logger(label: "t") { _ in SwiftLogNoOpLogHandler() }
  private static let policy = RetentionPolicy(last: 1, journal: 0)
  private static let clock = ClockReading.trusted(now: JournalFixture.begun + 100_000)

  private static func lease(_ holder: String, in root: URL) throws {
    let text = #"{"holder":"\#(holder)","host":"h","process":1,"boot_id":"b","epoch":1,"renewal":1,"released":false}"#
    try Data(text.utf8).write(to: root.appending(path: "lease.json"))
  }

  @Test("follows the lease on the volume, and is in the metrics")
  func follows() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let (fixture, metrics) = (try JournalFixture(in: root), SidecarMetrics())
      let roles = RoleWatch(volume: fixture.volume, metrics: metrics, logger: Self.logger)
      roles.note(.writer, since: SteadyClock.now())
      #expect(roles.look() == .holder && metrics.snapshot.role == .holder)
      try Self.lease("a", in: root)
      #expect(!roles.look().prunes && roles.isSettling)
      roles.note(.writer, since: SteadyClock.now())
      #expect(roles.look() == .holder && roles.own == "a")
      #expect(roles.pruningObstacle() == nil)
      try Self.lease("b", in: root)
      #expect(roles.pruningObstacle()?.contains("another holder") == true)
      #expect(metrics.snapshot.role == .unknown)
      roles.note(.standby("another task writes"), since: SteadyClock.now())
      #expect(roles.look() == .standby("another task writes") && metrics.snapshot.role == .standby)
      try Data("{}".utf8).write(to: root.appending(path: "lease.json"))
      #expect(!roles.look().prunes)
    }
  }

  @Test("stops before the next removal when another task becomes the writer meanwhile")
  func stops() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let fixture = try JournalFixture(in: root)
      for number in 1...6 { try fixture.dump(number, at: number * 100) }
      let (dumps, journals) = try fixture.verified()
      var pruner = fixture.pruner(Self.policy)
      let asked = Mutex(0)
      pruner.obstacle = {
        asked.withLock { asked in
          asked += 1
          return asked > 2 ? "another task has the lease" : nil
        }
      }
      let report = pruner.prune(dumps, journals, clock: Self.clock)
      #expect(report.trashed.count == 2 && report.unlinked.isEmpty && report.failures.isEmpty)
      #expect(report.stopped == "another task has the lease")
      #expect(try fixture.volume.dumps().count == 4)
    }
  }

  @Test("removes each file once, when two sidecars prune the same list all the same")
  func twoPruners() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let (one, other) = (try JournalFixture(in: root), try JournalFixture(in: root, cache: .guest))
      for number in 1...5 { try one.dump(number, at: number * 100) }
      let (dumps, journals) = try one.verified()
      let first = one.pruner(Self.policy).prune(dumps, journals, clock: Self.clock)
      let second = other.pruner(Self.policy).prune(dumps, journals, clock: Self.clock)
      #expect(first.trashed.count == 4 && second.trashed.isEmpty)
      #expect(first.failures.isEmpty && second.failures.isEmpty)
      #expect(try one.volume.dumps().map(\.name) == [dumps[0].name])
    }
  }

  @Test("is counting alone on standby: nothing is verified, noted, removed or reported")
  func standby() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let (fixture, metrics) = (try JournalFixture(in: root), SidecarMetrics())
      try fixture.journal(0, .empty, at: 0)
      for number in 2...4 { try fixture.dump(number, at: number * 100) }
      let before = names(in: root)
      let round = VolumeRound(
        volume: fixture.volume, pruner: fixture.pruner(Self.policy), metrics: metrics, logger: Self.logger)
      let counted = try round.run(clock: Self.clock, prunes: true, role: .standby("x")) { false }
      #expect(counted.dumps.count == 3 && counted.prunes == nil && names(in: root) == before)
      let values = metrics.snapshot
      #expect(values.dumps == 3 && values.journals == 1 && values.unverified == 0 && values.newestVerified == nil)
      #expect(!values.isJournalMissing && values.failures.isEmpty)
      // Without an answer of the gateway files are verified, and none is removed.
      let unknown = try round.run(clock: Self.clock, prunes: true, role: .unknown("x")) { false }
      #expect(unknown.prunes == nil && unknown.dumps.allSatisfy { $0.verification != nil })
      #expect(dumpNames(root).count == 3 && metrics.snapshot.newestVerified != nil)
      #expect(try round.run(clock: Self.clock, prunes: true, role: .holder) { false }.prunes?.trashed.isEmpty == false)
    }
  }

  private func dumpNames(_ root: URL) -> [String] { names(in: root).filter { $0.hasSuffix(".bin") } }
}
