import DumpFormat
import DumpReports
import Testing

@testable import Sidecar

@Suite("GatewayEnd")
struct GatewayEndTests {
  private typealias Predecessor = LeaseEvidence.Predecessor

  private static let dead = GatewayEnd.crashed("the holder of the lease has ended without releasing it")
  private static let silent = GatewayEnd.crashed("the lease is not released, and nobody renews it")
  private static let taken = GatewayEnd.crashed("another task took the lease over from one that had not released it")
  private static let others = GatewayEnd.crashed("another task has had the lease since")
  private static let deposed = GatewayEnd.crashed("another task had taken its lease")

  private static func held(
    _ holder: String, _ state: LeaseEvidence.State, after predecessor: (String, Bool)? = nil
  ) -> LeaseEvidence {
    .held(by: holder, state, after: predecessor.map { Predecessor(holder: $0.0, isReleased: $0.1) })
  }

  /// The evidence of each row, and the end of the gateway that follows: unwatched, never ready, writer, standby,
  /// deposed.
  private typealias Row = (own: String?, lease: LeaseEvidence, ends: [GatewayEnd])

  private static let rows: [Row] = [
    (nil, .absent, [.unknown, .unknown, .unknown, .unknown, deposed]),
    ("a", .unreadable("x"), [.hidden("x"), .hidden("x"), .hidden("x"), .hidden("x"), .hidden("x")]),
    // The gateway's holder name is not known.
    (nil, held("b", .released), [.inOrder, .inOrder, .inOrder, .inOrder, deposed]),
    (nil, held("b", .released, after: ("c", true)), [.inOrder, .inOrder, .inOrder, .inOrder, .onStandby]),
    (nil, held("b", .released, after: ("c", false)), [.inOrder, .inOrder, .inOrder, .inOrder, deposed]),
    (nil, held("b", .abandoned), [dead, dead, dead, dead, deposed]),
    (nil, held("b", .silent), [silent, silent, silent, silent, deposed]),
    (nil, held("b", .renewed), [.onStandby, .onStandby, others, .onStandby, deposed]),
    (nil, held("b", .renewed, after: ("c", true)), [.onStandby, .onStandby, .inOrder, .onStandby, .onStandby]),
    (nil, held("b", .renewed, after: ("c", false)), [taken, taken, taken, .onStandby, deposed]),
    // It is the holder; a task that could not look at its volume for a while seems deposed.
    ("a", held("a", .released), [.inOrder, .inOrder, .inOrder, .inOrder, .inOrder]),
    ("a", held("a", .released, after: ("c", false)), [.inOrder, .inOrder, .inOrder, .inOrder, .inOrder]),
    ("a", held("a", .abandoned), [dead, dead, dead, dead, dead]),
    ("a", held("a", .silent), [silent, silent, silent, silent, silent]),
    ("a", held("a", .renewed, after: ("c", true)), [.onStandby, .onStandby, .alive, .onStandby, .alive]),
    // It was the holder before the present one.
    ("a", held("b", .released, after: ("a", true)), [.inOrder, .inOrder, .inOrder, .inOrder, .onStandby]),
    ("a", held("b", .released, after: ("a", false)), [.inOrder, .inOrder, taken, .inOrder, deposed]),
    ("a", held("b", .abandoned, after: ("a", true)), [dead, dead, dead, dead, deposed]),
    ("a", held("b", .renewed, after: ("a", true)), [.onStandby, .onStandby, .inOrder, .onStandby, .onStandby]),
    ("a", held("b", .renewed, after: ("a", false)), [taken, taken, taken, .onStandby, deposed]),
    // Two others have had the lease since, or the lease does not tell.
    ("a", held("b", .released, after: ("c", true)), [.inOrder, .inOrder, others, .inOrder, deposed]),
    ("a", held("b", .released), [.inOrder, .inOrder, others, .inOrder, deposed]),
    ("a", held("b", .renewed, after: ("c", true)), [.onStandby, .onStandby, others, .onStandby, deposed]),
    ("a", held("b", .renewed), [.onStandby, .onStandby, others, .onStandby, deposed]),
  ]

  @Test("follows from what was last seen of it and from what its lease shows, in every case")
  func ends() {
    for row in Self.rows {
      for (sighting, end) in zip(GatewaySighting.allCases, row.ends) {
        #expect(
          GatewayEnd(sighting, own: row.own, row.lease) == end, "\(sighting), \(row.lease), own \(row.own ?? "nil")")
      }
      #expect(row.ends.count == GatewaySighting.allCases.count)
    }
  }

  @Test("is called safe only where that is known, and makes the outcome and the exit code")
  func outcomes() {
    for row in Self.rows {
      for sighting in GatewaySighting.allCases {
        let finding = DrainFinding.notThere("(how)", sighting, own: row.own, row.lease)
        let expected: DrainOutcome =
          switch GatewayEnd(sighting, own: row.own, row.lease) {
          case .unknown, .inOrder: sighting == .neverReady ? .neverReady : .serviceGone
          case .onStandby: .standby
          case .alive: .timedOut
          case .crashed: .serviceCrashed
          case .hidden: .leaseUnreadable
          }
        #expect(finding.outcome == expected)
        #expect(finding.sentence.contains("(how)"))
      }
      // A writer that did not release its lease is never safe, whatever came after it.
      if case .held(_, let state, _) = row.lease, state == .abandoned || state == .silent {
        #expect(DrainFinding.notThere("", .writer, own: row.own, row.lease).outcome.exit == .changesMayBeLost)
        #expect(DrainFinding.starting("", row.lease).outcome == .serviceCrashed)
        #expect(DrainFinding.deposed("", own: row.own, row.lease).outcome == .leaseLost)
      }
    }
    #expect(DrainFinding.starting("", .absent).outcome == .neverReady)
    #expect(DrainFinding.starting("", .unreadable("x")).outcome == .leaseUnreadable)
    #expect(DrainFinding.starting("", Self.held("b", .renewed, after: ("c", false))).outcome == .serviceCrashed)
    #expect(DrainFinding.deposed("", own: "a", Self.held("b", .renewed, after: ("a", true))).outcome == .standby)
    #expect(DrainFinding.deposed("", own: "a", Self.held("b", .renewed, after: ("a", false))).outcome == .leaseLost)
    #expect(DrainFinding.deposed("", own: "a", Self.held("a", .renewed)).outcome == .timedOut)
    #expect(DrainFinding.deposed("", own: nil, .unreadable("x")).outcome == .leaseUnreadable)
  }

  @Test("is said with the last change that is safe by the journals")
  func journals() throws {
    let crashed = DrainFinding.notThere("gone", .writer, own: nil, Self.held("b", .abandoned))
    let contents = GoodJournal(commits: 12, first: nil, last: nil, bytes: 4096, isClosed: false, torn: 0)
    let number = try #require(JournalNumber(epoch: 3, sequence: 1))
    func place(isInDump: Bool, isOfEarlierEpoch: Bool = false) -> SafePlace {
      SafePlace(
        name: "j", number: number, contents: contents, isInDump: isInDump, isOfEarlierEpoch: isOfEarlierEpoch)
    }
    let place12 = "every change up to commit 12 of journal 3-1 is safe"
    for sentence in [
      crashed.withNewest("a.bin", createdAt: "t", journal: place(isInDump: false)).sentence,
      crashed.withoutDump(journal: place(isInDump: false), tookChanges: true).sentence,
    ] {
      #expect(sentence.contains(place12))
      #expect(!sentence.contains("may be lost"))
    }
    let covered = crashed.withNewest("a.bin", createdAt: "t", journal: place(isInDump: true)).sentence
    #expect(covered.contains("the newest dump is 'a.bin' of t; every change is safe"))
    // A writer of a later epoch may have kept no journal.
    let later = crashed.withNewest("a.bin", createdAt: "t", journal: place(isInDump: true, isOfEarlierEpoch: true))
    #expect(later.sentence.contains("changes since the newest dump, 'a.bin' of t, may be lost"))
    #expect(later.outcome.exit == .changesMayBeLost)
  }

  @Test("is said with the newest dump, or that there is none")
  func sentences() {
    let crashed = DrainFinding.notThere("gone", .writer, own: nil, Self.held("b", .abandoned))
    let full = crashed.withNewest("a.bin", createdAt: "2026-11-24T00:00:00Z", journal: nil).sentence
    #expect(full.contains("changes since the newest dump, 'a.bin' of 2026-11-24T00:00:00Z, may be lost"))
    #expect(crashed.withoutDump(journal: nil, tookChanges: true).sentence.contains("every change may be lost"))
    let orderly = DrainFinding.notThere("gone", .writer, own: nil, Self.held("b", .released))
    #expect(orderly.withNewest("a.bin", createdAt: "t", journal: nil) == orderly)
    // A gateway that took changes and ended in order has left a dump, which is missing here.
    #expect(orderly.withoutDump(journal: nil, tookChanges: true).outcome == .noDump)
    #expect(
      DrainFinding.notThere("gone", .neverReady, own: nil, .absent).withoutDump(journal: nil, tookChanges: false)
        .outcome
        == .neverReady)
    #expect(DrainFinding(.loginRefused, "x").withoutDump(journal: nil, tookChanges: true).outcome == .loginRefused)
    #expect(DrainOutcome.allCases.filter { $0.exit == .changesMayBeLost } == [.serviceCrashed, .leaseLost, .noDump])
  }

  @Test("is told by what a sidecar has seen of it, look by look")
  func sightings() {
    var sighting = GatewaySighting.neverReady
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
