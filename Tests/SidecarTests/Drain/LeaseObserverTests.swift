import DumpDirectory
import Testing

@testable import Sidecar

@Suite("LeaseObserver")
struct LeaseObserverTests {
  private let holder = LeaseHolder(name: "a", host: "h", process: 1, bootID: "b")

  private func look(
    renewal: Int, isReleased: Bool = false, claims: [Int] = [3], isHolderDead: Bool = false
  ) -> LeaseReading {
    LeaseReading(
      lease: .record(LeaseRecord(holder: holder, epoch: 3, renewal: renewal, isReleased: isReleased)), claims: claims,
      isHolderDead: isHolderDead)
  }

  private func held(_ state: LeaseEvidence.State) -> LeaseEvidence { .held(by: "a", state, after: nil) }

  @Test("tells at once: a released lease, a dead holder, no lease")
  func atOnce() {
    for first in [nil, look(renewal: 1)] {
      #expect(
        LeaseObserver.evidence(look(renewal: 1, isReleased: true), since: first, isLast: false) == held(.released))
      // A claim above it never became a writer's, whose lease it would be.
      #expect(
        LeaseObserver.evidence(
          look(renewal: 1, isReleased: true, claims: [3, 4], isHolderDead: true), since: first, isLast: false)
          == held(.released))
      #expect(
        LeaseObserver.evidence(look(renewal: 1, isHolderDead: true), since: first, isLast: false) == held(.abandoned))
      #expect(LeaseObserver.evidence(LeaseReading(lease: .absent, claims: []), since: first, isLast: false) == .absent)
    }
  }

  @Test("does not take a dead process that was about to take the lease for its holder")
  func deadClaimant() {
    let first = look(renewal: 1, claims: [3, 4], isHolderDead: true)
    #expect(LeaseObserver.evidence(first, since: nil, isLast: false) == nil)
    let next = look(renewal: 2, claims: [3, 4], isHolderDead: true)
    #expect(LeaseObserver.evidence(next, since: first, isLast: false) == held(.renewed))
    #expect(LeaseObserver.evidence(first, since: first, isLast: true) == held(.silent))
    let absent = LeaseReading(lease: .absent, claims: [3, 4], isHolderDead: true)
    #expect(LeaseObserver.evidence(absent, since: nil, isLast: false) == nil)
  }

  @Test("tells after a while: a holder that renews, and one that does not")
  func afterWhile() {
    #expect(LeaseObserver.evidence(look(renewal: 1), since: nil, isLast: false) == nil)
    #expect(LeaseObserver.evidence(look(renewal: 1), since: look(renewal: 1), isLast: false) == nil)
    #expect(LeaseObserver.evidence(look(renewal: 1), since: look(renewal: 1), isLast: true) == held(.silent))
    #expect(
      LeaseObserver.evidence(look(renewal: 2), since: look(renewal: 1), isLast: false) == held(.renewed))
  }

  @Test("tells the holder before, and whether that one had released the lease")
  func predecessor() {
    for isReleased in [true, false] {
      let record = LeaseRecord(
        holder: holder, epoch: 3, renewal: 1, isReleased: true,
        predecessor: LeasePredecessor(holder: "z", epoch: 2, isReleased: isReleased))
      #expect(
        LeaseObserver.evidence(LeaseReading(lease: .record(record), claims: [3]), since: nil, isLast: false)
          == .held(by: "a", .released, after: .init(holder: "z", isReleased: isReleased)))
    }
  }

  @Test("tells at last: a file that makes no sense, or is not there though a task has claimed the lease")
  func unreadable() {
    let damaged = LeaseReading(lease: .damaged(fingerprint: "x"), claims: [3])
    let absent = LeaseReading(lease: .absent, claims: [3])
    for look in [damaged, absent] {
      #expect(LeaseObserver.evidence(look, since: nil, isLast: false) == nil)
      guard case .unreadable(let reason)? = LeaseObserver.evidence(look, since: nil, isLast: true) else {
        Issue.record("it is readable")
        continue
      }
      #expect(reason.contains("lease.json"))
    }
    let dead = LeaseReading(lease: .absent, claims: [3], isHolderDead: true)
    #expect(LeaseObserver.evidence(dead, since: nil, isLast: false) == .held(by: "", .abandoned, after: nil))
  }
}
