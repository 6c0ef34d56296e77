import Testing

@testable import DumpDirectory

@Suite("The lease, decided in values")
struct LeaseStateTests {
  private let me = LeaseHolder(name: "me", host: "h", process: 1, bootID: "k")
  private let other = LeaseHolder(name: "other", host: "h", process: 2, bootID: "l")

  private func record(_ epoch: Int, renewal: Int = 0, of holder: LeaseHolder? = nil, isReleased: Bool = false)
    -> LeaseSighting
  {
    .record(LeaseRecord(holder: holder ?? other, epoch: epoch, renewal: renewal, isReleased: isReleased))
  }

  /// A state that holds an epoch since moment zero.
  private func holding(_ epoch: Int) -> LeaseState {
    var state = LeaseState(holder: me)
    state.know(epoch: epoch - 1)
    _ = state.observe(LeaseLook(lease: .absent, claims: []), now: .zero)
    state.claimed(epoch)
    _ = state.observe(LeaseLook(lease: record(epoch, of: me), claims: [epoch]), now: .zero)
    return state
  }

  @Test(
    "never gives one epoch to two, acknowledges nothing once a newer epoch is held, and comes to rest with one holder",
    arguments: 1...40)
  func interleavings(seed: Int) {
    var simulation = LeaseSimulation(seed: UInt64(seed))
    for number in 0..<(2 + seed % 2) { simulation.start(kernel: number % 2 == 0 ? "k1" : "k2") }
    simulation.run(for: .seconds(600), processes: 2 + seed % 2)
    simulation.thaw()
    simulation.faults = .none
    simulation.start(kernel: "k1")
    simulation.run(for: .seconds(60), processes: 3)
    #expect(
      simulation.violations.isEmpty,
      "\(simulation.violations.prefix(3).joined(separator: "\n")) after\n\(simulation.events.joined(separator: "\n"))")
    #expect(simulation.holders.count > 1)
    #expect(simulation.acknowledged > 1000)
    let holders = simulation.alive.filter { $0.epoch != nil }
    #expect(holders.count == 1)
    #expect(holders.first?.epoch == simulation.holders.keys.max())
    guard case .record(let record) = simulation.lease else {
      Issue.record("no lease")
      return
    }
    #expect(record.holder == holders.first?.holder)
    #expect(record.epoch == holders.first?.epoch)
  }

  @Test("a holder that renews keeps the lease, whatever the clocks of the others show", arguments: 1...10)
  func steady(seed: Int) {
    var simulation = LeaseSimulation(seed: UInt64(seed), .none)
    for number in 0..<3 { simulation.start(kernel: "k\(number)") }
    simulation.run(for: .seconds(300), processes: 3)
    #expect(simulation.violations == [])
    #expect(simulation.holders.keys.sorted() == [1])
  }

  @Test("a holder that lives keeps the lease of a volume that is full now and then, for any time", arguments: 1...30)
  func fullVolume(seed: Int) {
    var faults = LeaseSimulation.Faults.none
    (faults.longestFull, faults.mayRemoveFiles) = (.seconds(90), seed % 2 == 0)
    var simulation = LeaseSimulation(seed: UInt64(seed), faults)
    for number in 0..<3 { simulation.start(kernel: "k\(number)") }
    // The first lease must be there before the volume is full.
    simulation.faults = .none
    simulation.run(for: .seconds(20), processes: 3)
    let before = simulation.holders
    #expect(simulation.alive.count { $0.epoch != nil } == 1)
    simulation.faults = faults
    simulation.run(for: .seconds(600), processes: 3)
    #expect(simulation.violations == [])
    #expect(simulation.holders == before)
  }

  @Test("a new volume is taken at once, above every epoch that a dump knows")
  func newVolume() {
    var state = LeaseState(holder: me)
    #expect(state.observe(LeaseLook(lease: .absent, claims: []), now: .zero) == .claim(epoch: 1))
    state.know(epoch: 7)
    #expect(LeaseState(holder: me).epoch == nil)
    var later = LeaseState(holder: me)
    later.know(epoch: 7)
    #expect(later.observe(LeaseLook(lease: .absent, claims: []), now: .zero) == .claim(epoch: 8))
  }

  @Test("a volume whose lease was removed is watched first, then taken above every epoch that was given out")
  func removed() {
    var state = LeaseState(holder: me)
    state.know(claimedEpoch: 7)
    let absent = LeaseLook(lease: .absent, claims: [])
    #expect(taken((0...100).map { (Double($0) / 4, absent) }, by: &state) == 15)
    #expect(state.nextEpoch == 8)
  }

  @Test("a claim that could not be written begins the watch anew")
  func failedClaim() {
    var state = LeaseState(holder: me)
    let look = LeaseLook(lease: record(4), claims: [4])
    var attempts: [Double] = []
    for step in 0...200 {
      let now = Double(step) / 4
      guard state.observe(look, now: .seconds(now)) != .wait else { continue }
      attempts.append(now)
      state.watchAnew()
    }
    // 14 seconds of watching, from the look after the failure on.
    #expect(attempts == [14, 28.25, 42.5])
  }

  @Test("a holder acknowledges changes for 10 seconds after a renewal that it saw in place, and no longer")
  func confidence() {
    var state = holding(5)
    #expect(state.mayAcknowledge(at: .seconds(9.9)))
    #expect(!state.mayAcknowledge(at: .seconds(10)))
    let mine = LeaseLook(lease: record(5, of: me), claims: [5])
    #expect(state.observe(mine, now: .seconds(11)) == .write(epoch: 5, renewal: 1, isReleased: false))
    state.wrote(epoch: 5, renewal: 1, now: .seconds(11))
    #expect(!state.mayAcknowledge(at: .seconds(11.1)), "nobody has looked since")
    // A late writer of a lower epoch was faster: others do not see the renewal.
    _ = state.observe(LeaseLook(lease: record(4), claims: [5]), now: .seconds(11.2))
    #expect(!state.mayAcknowledge(at: .seconds(11.2)))
    _ = state.observe(LeaseLook(lease: record(5, renewal: 1, of: me), claims: [5]), now: .seconds(11.3))
    #expect(state.mayAcknowledge(at: .seconds(20.9)))
    #expect(!state.mayAcknowledge(at: .seconds(21)), "the time of the write counts, not that of the look")
    _ = state.observe(LeaseLook(lease: record(5, renewal: 1, of: me), claims: [5, 6]), now: .seconds(12))
    #expect(!state.mayAcknowledge(at: .seconds(12)))
  }

  @Test("a claim that comes after the holder has renewed waits until that one can't acknowledge any more")
  func lateClaim() {
    var state = LeaseState(holder: me)
    let before = LeaseLook(lease: record(4), claims: [4])
    #expect(taken((0...100).map { (Double($0) / 4, before) }, by: &state) == 15)
    // It was frozen here; the holder went on.
    state.claimed(5)
    let renewed = LeaseLook(lease: record(4, renewal: 9), claims: [4, 5])
    let write = LeaseState.Action.write(epoch: 5, renewal: 0, isReleased: false)
    #expect(state.observe(renewed, now: .seconds(100)) == .wait)
    #expect(state.observe(renewed, now: .seconds(109.9)) == .wait)
    #expect(state.observe(renewed, now: .seconds(110)) == write)
    var prompt = LeaseState(holder: me)
    _ = taken((0...100).map { (Double($0) / 4, before) }, by: &prompt)
    prompt.claimed(5)
    #expect(prompt.observe(LeaseLook(lease: record(4), claims: [4, 5]), now: .seconds(15)) == write)
  }

  @Test("a holder whose claim someone removed makes it again, and has lost when another has it")
  func removedClaim() {
    var state = holding(5)
    let look = LeaseLook(lease: record(5, of: me), claims: [])
    #expect(state.observe(look, now: .seconds(1)) == .claim(epoch: 5))
    state.claimed(5)
    #expect(state.epoch == 5)
    state.claimFailed(5)
    #expect(state.epoch == nil)
  }

  @Test("a released lease, and one whose holder has ended, is taken at once; one that lives is not")
  func free() {
    let looks: [(LeaseLook, LeaseState.Action)] = [
      (LeaseLook(lease: record(4, isReleased: true), claims: [4]), .claim(epoch: 5)),
      (LeaseLook(lease: record(4), claims: [4], isHolderDead: true), .claim(epoch: 5)),
      (LeaseLook(lease: record(4), claims: [4]), .wait),
      // Another is about to take it.
      (LeaseLook(lease: record(4, isReleased: true), claims: [4, 5]), .wait),
      (LeaseLook(lease: .absent, claims: [5]), .wait),
      (LeaseLook(lease: .damaged(fingerprint: "1"), claims: [4], isHolderDead: true), .wait),
    ]
    for (look, action) in looks {
      var state = LeaseState(holder: me)
      #expect(state.observe(look, now: .zero) == action, "\(look)")
    }
  }

  /// The seconds after which a lease is taken that is looked at at these moments.
  private func taken(_ looks: [(Double, LeaseLook)]) -> Double? {
    var state = LeaseState(holder: me)
    return taken(looks, by: &state)
  }

  private func taken(_ looks: [(Double, LeaseLook)], by state: inout LeaseState) -> Double? {
    for (now, look) in looks {
      switch state.observe(look, now: .seconds(now)) {
      case .prepare: state.prepared()
      case .claim: return now
      case .wait, .write: break
      }
    }
    return nil
  }

  @Test("an unchanged lease is taken after 15 seconds of watching, a damaged and a vanished one too")
  func byTime() {
    for lease in [record(4), .damaged(fingerprint: "1"), record(4, isReleased: true)] {
      let look = LeaseLook(lease: lease, claims: [4, 5])
      #expect(taken((0...100).map { (Double($0) / 4, look) }) == 15)
    }
    let vanished = (0...100).map {
      (Double($0) / 4, LeaseLook(lease: $0 == 0 ? record(4) : .absent, claims: []))
    }
    #expect(taken(vanished) == 15.25)
  }

  @Test("each change begins the watch anew: a renewal, a claim, another damage")
  func changes() {
    let changes = [
      (record(4), record(4, renewal: 1), [4], [4]), (record(4), record(4), [4], [4, 5]),
      (.damaged(fingerprint: "1"), .damaged(fingerprint: "2"), [4], [4]),
    ]
    for (before, after, claimsBefore, claimsAfter) in changes {
      let looks = (0...100).map { step in
        step < 40
          ? (Double(step) / 4, LeaseLook(lease: before, claims: claimsBefore))
          : (Double(step) / 4, LeaseLook(lease: after, claims: claimsAfter))
      }
      #expect(taken(looks) == 25)
    }
  }

  @Test("who was frozen, or hung on the volume, has not watched meanwhile")
  func frozenWatcher() {
    let look = LeaseLook(lease: record(4), claims: [4])
    #expect(taken([(0, look), (1000, look), (2000, look)]) == nil)
    #expect(taken((0...20).map { (Double($0) * 100, look) }) == 1500)
  }

  @Test("the holder renews every 3 seconds, and puts right at once what a late writer overwrote")
  func renewal() {
    var state = holding(5)
    let mine = LeaseLook(lease: record(5, of: me), claims: [5])
    #expect(state.observe(mine, now: .seconds(2.9)) == .wait)
    #expect(state.observe(mine, now: .seconds(3)) == .write(epoch: 5, renewal: 1, isReleased: false))
    state.wrote(epoch: 5, renewal: 1, now: .seconds(3))
    for lease in [record(4, isReleased: true), .absent, .damaged(fingerprint: "x")] {
      #expect(
        state.observe(LeaseLook(lease: lease, claims: [5]), now: .seconds(3))
          == .write(epoch: 5, renewal: 2, isReleased: false))
    }
    #expect(state.epoch == 5)
  }

  @Test("the holder has lost when a higher epoch is claimed or written, or its own is another's")
  func loss() {
    for look in [
      LeaseLook(lease: record(5, of: me), claims: [5, 6]), LeaseLook(lease: record(6), claims: [5]),
      LeaseLook(lease: record(5), claims: [5]),
    ] {
      var state = holding(5)
      #expect(state.observe(look, now: .seconds(1)) == .wait)
      #expect(state.epoch == nil)
    }
  }

  @Test("the holder moves to a higher epoch without a gap, and loses when another claimed it first")
  func raise() {
    var state = holding(5)
    state.know(epoch: 7)
    #expect(state.nextEpoch == 8)
    state.claimed(8)
    #expect(state.epoch == 8)
    let raised = LeaseLook(lease: record(5, of: me), claims: [5, 8])
    #expect(state.observe(raised, now: .seconds(1)) == .write(epoch: 8, renewal: 1, isReleased: false))
    #expect(state.observe(LeaseLook(lease: record(5, of: me), claims: [8, 9]), now: .seconds(2)) == .wait)
    #expect(state.epoch == nil)
    var slow = holding(5)
    slow.claimFailed(6)
    #expect(slow.epoch == nil)
  }

  @Test("who claims looks once more, and gives way to a higher claim")
  func claimThenLook() {
    var state = LeaseState(holder: me)
    let before = LeaseLook(lease: record(4, isReleased: true), claims: [4])
    #expect(state.observe(before, now: .zero) == .claim(epoch: 5))
    state.claimed(5)
    #expect(state.epoch == nil)
    #expect(state.observe(LeaseLook(lease: record(6), claims: [5, 6]), now: .zero) == .wait)
    #expect(state.epoch == nil)
    #expect(state.observe(LeaseLook(lease: record(6), claims: [6]), now: .seconds(1)) == .wait)
  }

  @Test("who comes second with a claim waits, even while a look does not show the first one's yet")
  func secondClaim() {
    var state = LeaseState(holder: me)
    let stale = LeaseLook(lease: record(4, isReleased: true), claims: [4])
    #expect(state.observe(stale, now: .zero) == .claim(epoch: 5))
    state.claimFailed(5)
    #expect(state.observe(stale, now: .seconds(0.25)) == .wait)
    // Its maker died and wrote nothing: the next number.
    #expect(taken((1...80).map { (0.25 + Double($0) / 4, stale) }, by: &state) != nil)
    #expect(state.nextEpoch == 6)
  }

  @Test("ends with a released lease when it has one, and does nothing any more")
  func end() {
    var state = holding(5)
    #expect(state.end() == .write(epoch: 5, renewal: 1, isReleased: true))
    #expect(state.end() == .wait)
    #expect(state.observe(LeaseLook(lease: .absent, claims: []), now: .seconds(100)) == .wait)
    var watching = LeaseState(holder: me)
    _ = watching.observe(LeaseLook(lease: record(4), claims: [4]), now: .zero)
    #expect(watching.end() == .wait)
  }
}
