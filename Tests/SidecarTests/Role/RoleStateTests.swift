import DumpDirectory
import TestSupport
import Testing

@testable import Sidecar

@Suite("The role of a task on its volume")
struct RoleStateTests {
  private static func lease(_ holder: String, renewal: Int = 1, isReleased: Bool = false) -> RoleState.Lease {
    .record(
      LeaseRecord(
        holder: LeaseHolder(name: holder, host: "h", process: 1, bootID: "b"), epoch: 1, renewal: renewal,
        isReleased: isReleased))
  }

  /// Two checks that find the writer, with a read of the lease of `a` between them.
  private static func writer() -> RoleState {
    var state = RoleState()
    state.checked(.writer, from: .seconds(0), to: .seconds(1))
    state.read(lease("a"), from: .seconds(2), to: .seconds(3))
    state.checked(.writer, from: .seconds(4), to: .seconds(5))
    return state
  }

  @Test("is unknown at the start, and the holder's beside a gateway without a lease once that says so")
  func start() {
    var state = RoleState()
    #expect(!state.role(at: .zero).prunes && !state.role(at: .zero).copies && state.role(at: .zero).verifies)
    state.checked(.writer, from: .zero, to: .zero)
    #expect(!state.role(at: .zero).prunes, "the lease is not read yet")
    state.read(.absent, from: .zero, to: .seconds(1))
    #expect(state.role(at: .seconds(1)) == .holder)
    state.read(Self.lease("b", isReleased: true), from: .seconds(1), to: .seconds(2))
    #expect(state.role(at: .seconds(2)) == .holder)
  }

  @Test("is the holder's once the lease is known to be the gateway's own")
  func learns() {
    var state = RoleState()
    state.checked(.writer, from: .seconds(0), to: .seconds(1))
    #expect(!state.isSettling)
    state.read(Self.lease("a"), from: .seconds(2), to: .seconds(3))
    #expect(state.isSettling && !state.role(at: .seconds(3)).prunes)
    // A read that was under way when the check began may be of before.
    var early = state
    early.checked(.writer, from: .milliseconds(2500), to: .seconds(4))
    #expect(early.own == nil && early.isSettling)
    state.checked(.writer, from: .seconds(4), to: .seconds(5))
    #expect(state.own == "a" && state.role(at: .seconds(5)) == .holder && !state.isSettling)
    // A check between them that found something else breaks the row.
    for other in [RoleState.Gateway.standby("x"), .silent("x")] {
      var broken = RoleState()
      broken.checked(.writer, from: .seconds(0), to: .seconds(1))
      broken.read(Self.lease("a"), from: .seconds(2), to: .seconds(3))
      broken.checked(other, from: .seconds(4), to: .seconds(5))
      broken.checked(.writer, from: .seconds(6), to: .seconds(7))
      #expect(broken.own == nil)
    }
  }

  @Test("ends with the first read of the lease that names another task, whatever the gateway said last")
  func takenOver() {
    var state = Self.writer()
    state.read(Self.lease("b"), from: .seconds(5), to: .seconds(6))
    let role = state.role(at: .seconds(6))
    #expect(!role.prunes && !role.copies)
    // The same gateway, started again under another name, is known after two checks.
    state.checked(.writer, from: .seconds(7), to: .seconds(8))
    #expect(state.own == "b" && state.role(at: .seconds(8)) == .holder)
  }

  @Test("is the holder's while its volume is full and its own lease stays as it was")
  func fullVolume() {
    var state = Self.writer()
    state.checked(.standby("the volume is full"), from: .seconds(6), to: .seconds(7))
    #expect(state.role(at: .seconds(7)) == .holder)
    state.read(Self.lease("b"), from: .seconds(8), to: .seconds(9))
    #expect(state.role(at: .seconds(9)) == .standby("the volume is full"))
  }

  @Test("is unknown while the gateway does not tell, when the last answer is old, and when the lease can't be read")
  func silent() {
    var state = Self.writer()
    let late = state.role(at: .seconds(21))
    #expect(!late.prunes && late.copies, "the lease is still its own")
    #expect(late.reason == "the gateway was not asked for 16 seconds")
    state.checked(.silent("it is gone"), from: .seconds(6), to: .seconds(7))
    #expect(state.role(at: .seconds(7)) == .unknown("it is gone", hasLease: true))
    state.read(Self.lease("b"), from: .seconds(8), to: .seconds(9))
    #expect(state.role(at: .seconds(9)) == .unknown("it is gone", hasLease: false))
    state = Self.writer()
    state.read(.unreadable("why"), from: .seconds(6), to: .seconds(7))
    #expect(state.role(at: .seconds(7)) == .unknown("the lease can't be read: why"))
  }

  @Test("is vacant when nobody has renewed the lease for a minute, so that a full volume is not full for ever")
  func vacant() {
    for gateway in [RoleState.Gateway.standby("x"), .silent("x")] {
      var state = RoleState()
      for second in 0...59 {
        state.checked(gateway, from: .seconds(second), to: .seconds(second))
        state.read(Self.lease("b"), from: .seconds(second), to: .seconds(second))
        #expect(!state.role(at: .seconds(second)).prunes)
      }
      state.read(Self.lease("b"), from: .seconds(60), to: .seconds(60))
      state.checked(gateway, from: .seconds(60), to: .seconds(60))
      #expect(state.role(at: .seconds(60)) == .vacant("x"))
      // An old read shows nothing, and a renewal shows a holder.
      #expect(!state.role(at: .seconds(76)).prunes)
      state.read(Self.lease("b", renewal: 2), from: .seconds(61), to: .seconds(61))
      #expect(!state.role(at: .seconds(61)).prunes)
    }
  }

  @Test("says what is more to do than in another role")
  func more() {
    let roles: [VolumeRole] = [.standby("x"), .unknown("x"), .unknown("x", hasLease: true), .vacant("x"), .holder]
    for (index, role) in roles.enumerated() {
      #expect(!role.does(moreThan: role))
      #expect(VolumeRole.holder.does(moreThan: role) == (role != .holder))
      #expect(role.does(moreThan: .standby("y")) == (index > 0))
    }
  }

  @Test("lets only the sidecar of the holder prune, in thousands of take-overs with slow checks and reads")
  func simulation() {
    var counts = (own: 0, others: 0, free: 0)
    for seed in 0..<300 as Range<UInt64> {
      var world = RoleSimulation(seed: seed)
      world.run(steps: 400)
      #expect(world.violations.isEmpty, "seed \(seed): \(world.violations.first ?? "")")
      counts.own += world.pruned
      counts.others += world.refused
      counts.free += world.vacant
      if !world.violations.isEmpty { return }
    }
    #expect(counts.own > 1000 && counts.others > 1000 && counts.free > 100, "\(counts)")
  }
}

/// Two tasks whose gateways take the lease from each other, with the sidecar of each.
private struct RoleSimulation {
  private var generator: SeededGenerator
  private var now = Duration.zero
  private var holder: Int?
  private var names = ["a0", "b0"]
  private var (renewal, epoch) = (1, 1)
  private var isReleased = false
  private var changedAt = Duration.zero
  private var sidecars = [RoleState(), RoleState()]
  private(set) var violations: [String] = []
  private(set) var (pruned, refused, vacant) = (0, 0, 0)

  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  mutating func run(steps: Int) {
    for step in 0..<steps {
      now += .milliseconds(Int.random(in: 1...900, using: &generator))
      change(step)
      let task = Int.random(in: 0...1, using: &generator)
      if chance(2) { check(task) }
      if chance(2) { decide(task) }
      guard violations.isEmpty else { return }
    }
  }

  private mutating func change(_ step: Int) {
    switch Int.random(in: 0..<60, using: &generator) {
    // Another task takes over, or this one starts again under another name.
    case 0:
      let next = Int.random(in: 0...1, using: &generator)
      if next == holder || chance(4) { names[next] = (next == 0 ? "a" : "b") + "\(step)" }
      (holder, isReleased, epoch, changedAt) = (next, false, epoch + 1, now)
    case 1 where holder != nil && !isReleased: (isReleased, changedAt) = (true, now)
    // Nobody renews the lease for a while.
    case 2 where chance(3): now += .seconds(Int.random(in: 1...90, using: &generator))
    case 3...20 where holder != nil && !isReleased: (renewal, changedAt) = (renewal + 1, now)
    default: break
    }
  }

  private mutating func check(_ task: Int) {
    let began = now
    // The gateway answers at some time of the check, and the answer takes a while.
    now += .milliseconds(Int.random(in: 0...1500, using: &generator))
    let isWriter = holder == task && !isReleased
    let answer: RoleState.Gateway = chance(6) ? .silent("s") : isWriter && !chance(10) ? .writer : .standby("x")
    now += .milliseconds(Int.random(in: 0...1500, using: &generator))
    sidecars[task].checked(answer, from: began, to: now)
  }

  /// The sidecar reads the lease, and prunes if it may.
  private mutating func decide(_ task: Int) {
    let lease: RoleState.Lease =
      holder.map { holder in
        .record(
          LeaseRecord(
            holder: LeaseHolder(name: names[holder], host: "h", process: 1, bootID: "b"), epoch: epoch,
            renewal: renewal, isReleased: isReleased))
      } ?? .absent
    sidecars[task].read(lease, from: now, to: now)
    let role = sidecars[task].role(at: now)
    guard role.prunes else { return refused += 1 }
    if case .vacant = role {
      vacant += 1
      if now - changedAt < .seconds(60) { violations.append("vacant, and the lease changed at \(changedAt)") }
      return
    }
    pruned += 1
    guard let holder, !isReleased, holder != task else { return }
    violations.append("the sidecar of \(task) prunes, and \(names[holder]) holds the lease")
  }

  private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &generator) == 0 }
}
