import DumpDirectory
import Testing

@testable import Sidecar

@Suite("How a service ended")
struct ServiceEndTests {
  private static let dead = "the holder of the lease has ended without releasing it"
  private static let silent = "the lease is not released, and nobody renews it"
  private static let taken = "another task took the lease over from one that had not released it"
  private static let others = "another task has the lease"
  private static let deposed = "another task had taken its lease"

  /// By sighting; each row in the order of `evidence`.
  private static let table: [ServiceSighting: [ServiceEnd]] = [
    .unwatched: [
      .unknown, .inOrder, .crashed(dead), .crashed(silent), .onStandby, .onStandby, .crashed(taken), .hidden("x"),
    ],
    .neverReady: [
      .unknown, .inOrder, .crashed(dead), .crashed(silent), .onStandby, .onStandby, .crashed(taken), .hidden("x"),
    ],
    .writer: [
      .unknown, .inOrder, .crashed(dead), .crashed(silent), .crashed(others), .inOrder, .crashed(taken), .hidden("x"),
    ],
    .standby: [
      .unknown, .inOrder, .crashed(dead), .crashed(silent), .onStandby, .onStandby, .onStandby, .hidden("x"),
    ],
    .deposed: [
      .crashed(deposed), .crashed(deposed), .crashed(deposed), .crashed(deposed), .crashed(deposed), .onStandby,
      .crashed(deposed), .hidden("x"),
    ],
  ]
  private static let evidence: [LeaseEvidence] = [
    .absent, .released, .abandoned, .silent, .renewed(predecessor: nil), .renewed(predecessor: .released),
    .renewed(predecessor: .notReleased), .unreadable("x"),
  ]

  @Test(
    "follows from what was last seen of it and from what its lease shows, in every case",
    arguments: ServiceSighting.allCases)
  func ends(sighting: ServiceSighting) throws {
    let row = try #require(Self.table[sighting])
    #expect(row.count == Self.evidence.count)
    for (lease, end) in zip(Self.evidence, row) { #expect(ServiceEnd(sighting, lease) == end, "\(lease)") }
  }

  @Test("is called safe only where that is known: a service that took changes and did not release its lease never is")
  func neverSafeUnknown() {
    for lease in Self.evidence {
      for sighting in ServiceSighting.allCases {
        let finding = DrainFinding.notThere("gone", sighting, lease)
        switch (sighting, lease) {
        case (_, .abandoned), (_, .silent): #expect(finding.outcome.exit == .changesMayBeLost)
        case (.deposed, .renewed(predecessor: .released)): #expect(finding.outcome == .standby)
        case (.deposed, .unreadable): #expect(finding.outcome == .leaseUnreadable)
        case (.deposed, _): #expect(finding.outcome.exit == .changesMayBeLost)
        case (.writer, .renewed(predecessor: .released)): #expect(finding.outcome == .serviceGone)
        case (.writer, .renewed): #expect(finding.outcome.exit == .changesMayBeLost)
        case (_, .unreadable): #expect(finding.outcome.exit == .volume)
        case (_, .absent): #expect(finding.sentence.contains("there is no lease that tells"))
        case (_, .released): #expect(finding.sentence.contains("in order"))
        case (.standby, .renewed): #expect(finding.outcome == .standby)
        case (_, .renewed(predecessor: .notReleased)): #expect(finding.outcome.exit == .changesMayBeLost)
        case (_, .renewed): #expect(finding.outcome == .standby)
        }
        #expect(finding.sentence.contains("gone"))
      }
      let starting = DrainFinding.starting("503", lease)
      let deposed = DrainFinding.deposed("409", lease)
      switch lease {
      case .abandoned, .silent, .renewed(predecessor: .notReleased): #expect(starting.outcome == .serviceCrashed)
      case .unreadable: #expect(starting.outcome == .leaseUnreadable)
      default: #expect(starting.outcome == .neverReady)
      }
      switch lease {
      case .renewed(predecessor: .released): #expect(deposed.outcome == .standby)
      case .unreadable: #expect(deposed.outcome == .leaseUnreadable)
      default: #expect(deposed.outcome == .leaseLost)
      }
    }
  }

  @Test("is said with the newest dump, or that there is none")
  func sentences() {
    let crashed = DrainFinding.notThere("gone", .writer, .abandoned)
    let full = crashed.withNewest("a.bin", createdAt: "2026-11-24T00:00:00Z").sentence
    #expect(full.contains("changes since the newest dump, 'a.bin' of 2026-11-24T00:00:00Z, may be lost"))
    #expect(crashed.withoutDump(tookChanges: true).sentence.contains("every change may be lost"))
    let orderly = DrainFinding.notThere("gone", .writer, .released)
    #expect(orderly.withNewest("a.bin", createdAt: "t") == orderly)
    // Who took changes and ended in order has left a dump; there is none.
    #expect(orderly.withoutDump(tookChanges: true).outcome == .noDump)
    #expect(DrainFinding.notThere("gone", .neverReady, .absent).withoutDump(tookChanges: false).outcome == .neverReady)
    #expect(DrainFinding(.loginRefused, "x").withoutDump(tookChanges: true).outcome == .loginRefused)
    #expect(DrainOutcome.allCases.filter { $0.exit == .changesMayBeLost } == [.serviceCrashed, .leaseLost, .noDump])
  }

  @Test("is told by what a sidecar has seen of it, look by look")
  func sightings() {
    var sighting = ServiceSighting.neverReady
    #expect(!sighting.wasReady && !sighting.tookChanges)
    sighting.see(isWriter: false)
    #expect(sighting == .standby && sighting.wasReady && !sighting.tookChanges)
    sighting.see(isWriter: true)
    #expect(sighting == .writer && sighting.tookChanges)
    for _ in 0..<2 {
      sighting.see(isWriter: false)
      #expect(sighting == .deposed && sighting.tookChanges)
    }
    sighting.see(isWriter: true)
    #expect(sighting == .writer)
  }
}

@Suite("What a look at a lease tells")
struct LeaseWitnessTests {
  private let holder = LeaseHolder(name: "a", host: "h", process: 1, bootID: "b")

  private func look(
    renewal: Int, isReleased: Bool = false, claims: [Int] = [3], isHolderDead: Bool = false
  ) -> LeaseLook {
    LeaseLook(
      lease: .record(LeaseRecord(holder: holder, epoch: 3, renewal: renewal, isReleased: isReleased)), claims: claims,
      isHolderDead: isHolderDead)
  }

  @Test("at once: a released lease, a dead holder, no lease")
  func atOnce() {
    for first in [nil, look(renewal: 1)] {
      #expect(LeaseWitness.evidence(look(renewal: 1, isReleased: true), since: first, isLast: false) == .released)
      // A claim above it never became a writer's, whose lease it would be.
      #expect(
        LeaseWitness.evidence(
          look(renewal: 1, isReleased: true, claims: [3, 4], isHolderDead: true), since: first, isLast: false)
          == .released)
      #expect(LeaseWitness.evidence(look(renewal: 1, isHolderDead: true), since: first, isLast: false) == .abandoned)
      #expect(LeaseWitness.evidence(LeaseLook(lease: .absent, claims: []), since: first, isLast: false) == .absent)
    }
  }

  @Test("after a while: a holder that renews, and one that does not")
  func afterWhile() {
    #expect(LeaseWitness.evidence(look(renewal: 1), since: nil, isLast: false) == nil)
    #expect(LeaseWitness.evidence(look(renewal: 1), since: look(renewal: 1), isLast: false) == nil)
    #expect(LeaseWitness.evidence(look(renewal: 1), since: look(renewal: 1), isLast: true) == .silent)
    #expect(
      LeaseWitness.evidence(look(renewal: 2), since: look(renewal: 1), isLast: false) == .renewed(predecessor: nil))
  }

  @Test("at last: a file that makes no sense, or is not there though a task has claimed the lease")
  func unreadable() {
    let damaged = LeaseLook(lease: .damaged(fingerprint: "x"), claims: [3])
    let absent = LeaseLook(lease: .absent, claims: [3])
    for look in [damaged, absent] {
      #expect(LeaseWitness.evidence(look, since: nil, isLast: false) == nil)
      guard case .unreadable(let reason)? = LeaseWitness.evidence(look, since: nil, isLast: true) else {
        Issue.record("it is readable")
        continue
      }
      #expect(reason.contains("lease.json"))
    }
    let dead = LeaseLook(lease: .absent, claims: [3], isHolderDead: true)
    #expect(LeaseWitness.evidence(dead, since: nil, isLast: false) == .abandoned)
  }
}
