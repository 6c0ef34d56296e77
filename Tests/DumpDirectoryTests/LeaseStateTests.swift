import Testing

@testable import DumpDirectory

@Suite("The decisions about a lease")
struct LeaseStateTests {
  private let me = LeaseHolder(name: "me", host: "h", process: 1, bootID: "k")
  private let other = LeaseHolder(name: "other", host: "h", process: 2, bootID: "l")

  private func record(_ epoch: Int, renewal: Int = 0, of holder: LeaseHolder? = nil, isReleased: Bool = false)
    -> LeaseFileState
  {
    .record(LeaseRecord(holder: holder ?? other, epoch: epoch, renewal: renewal, isReleased: isReleased))
  }

  /// A state that has held an epoch since time zero.
  private func holding(_ epoch: Int) -> LeaseState {
    var state = LeaseState(holder: me)
    state.noteUsed(epoch: epoch - 1)
    _ = state.observe(LeaseReading(lease: .absent, claims: []), now: .zero)
    state.claimed(epoch)
    _ = state.observe(LeaseReading(lease: record(epoch, of: me), claims: [epoch]), now: .zero)
    return state
  }

  @Test("a new lease is taken at once, above the epoch of every dump")
  func newVolume() {
    var state = LeaseState(holder: me)
    #expect(state.observe(LeaseReading(lease: .absent, claims: []), now: .zero) == .claim(epoch: 1))
    state.noteUsed(epoch: 7)
    #expect(LeaseState(holder: me).epoch == nil)
    var later = LeaseState(holder: me)
    later.noteUsed(epoch: 7)
    #expect(later.observe(LeaseReading(lease: .absent, claims: []), now: .zero) == .claim(epoch: 8))
  }

  @Test("a removed lease is watched first, then taken above every earlier epoch")
  func removed() {
    var state = LeaseState(holder: me)
    state.noteClaimed(epoch: 7)
    let absent = LeaseReading(lease: .absent, claims: [])
    #expect(taken((0...100).map { (Double($0) / 4, absent) }, by: &state) == 15)
    #expect(state.nextEpoch == 8)
  }

  @Test("a claim that could not be written restarts the watch")
  func failedClaim() {
    var state = LeaseState(holder: me)
    let reading = LeaseReading(lease: record(4), claims: [4])
    var attempts: [Double] = []
    for step in 0...200 {
      let now = Double(step) / 4
      guard state.observe(reading, now: .seconds(now)) != .wait else { continue }
      attempts.append(now)
      state.watchAnew()
    }
    // Each attempt follows 14 seconds of watching, from the reading after the failure on.
    #expect(attempts == [14, 28.25, 42.5])
  }

  @Test("a holder acknowledges changes for 10 seconds after a renewal that a reading confirmed, and no longer")
  func confidence() {
    var state = holding(5)
    #expect(state.mayAcknowledge(at: .seconds(9.9)))
    #expect(!state.mayAcknowledge(at: .seconds(10)))
    let mine = LeaseReading(lease: record(5, of: me), claims: [5])
    #expect(state.observe(mine, now: .seconds(11)) == .write(epoch: 5, renewal: 1, isReleased: false))
    state.wrote(epoch: 5, renewal: 1, now: .seconds(11))
    #expect(!state.mayAcknowledge(at: .seconds(11.1)), "nobody has looked since")
    // A late writer of a lower epoch was faster, so others can't read the renewal.
    _ = state.observe(LeaseReading(lease: record(4), claims: [5]), now: .seconds(11.2))
    #expect(!state.mayAcknowledge(at: .seconds(11.2)))
    _ = state.observe(LeaseReading(lease: record(5, renewal: 1, of: me), claims: [5]), now: .seconds(11.3))
    #expect(state.mayAcknowledge(at: .seconds(20.9)))
    #expect(!state.mayAcknowledge(at: .seconds(21)), "the time of the write counts, not that of the reading")
    _ = state.observe(LeaseReading(lease: record(5, renewal: 1, of: me), claims: [5, 6]), now: .seconds(12))
    #expect(!state.mayAcknowledge(at: .seconds(12)))
  }

  @Test("a process that claims after the holder has renewed waits until that holder can't acknowledge any more")
  func lateClaim() {
    var state = LeaseState(holder: me)
    let before = LeaseReading(lease: record(4), claims: [4])
    #expect(taken((0...100).map { (Double($0) / 4, before) }, by: &state) == 15)
    // The process was frozen here, and the holder continued.
    state.claimed(5)
    let renewed = LeaseReading(lease: record(4, renewal: 9), claims: [4, 5])
    let write = LeaseState.Action.write(epoch: 5, renewal: 0, isReleased: false)
    #expect(state.observe(renewed, now: .seconds(100)) == .wait)
    #expect(state.observe(renewed, now: .seconds(109.9)) == .wait)
    #expect(state.observe(renewed, now: .seconds(110)) == write)
    var prompt = LeaseState(holder: me)
    _ = taken((0...100).map { (Double($0) / 4, before) }, by: &prompt)
    prompt.claimed(5)
    #expect(prompt.observe(LeaseReading(lease: record(4), claims: [4, 5]), now: .seconds(15)) == write)
  }

  @Test("a holder whose claim was removed creates it again, and has lost the lease if another process has it")
  func removedClaim() {
    var state = holding(5)
    let reading = LeaseReading(lease: record(5, of: me), claims: [])
    #expect(state.observe(reading, now: .seconds(1)) == .claim(epoch: 5))
    state.claimed(5)
    #expect(state.epoch == 5)
    state.claimFailed(5)
    #expect(state.epoch == nil)
  }

  @Test("a lease that was released or whose holder has ended is taken at once; that of a living holder is not")
  func free() {
    let readings: [(LeaseReading, LeaseState.Action)] = [
      (LeaseReading(lease: record(4, isReleased: true), claims: [4]), .claim(epoch: 5)),
      (LeaseReading(lease: record(4), claims: [4], isHolderDead: true), .claim(epoch: 5)),
      (LeaseReading(lease: record(4), claims: [4]), .wait),
      // Another process is about to take the lease.
      (LeaseReading(lease: record(4, isReleased: true), claims: [4, 5]), .wait),
      (LeaseReading(lease: .absent, claims: [5]), .wait),
      (LeaseReading(lease: .damaged(fingerprint: "1"), claims: [4], isHolderDead: true), .wait),
    ]
    for (reading, action) in readings {
      var state = LeaseState(holder: me)
      #expect(state.observe(reading, now: .zero) == action, "\(reading)")
    }
  }

  @Test("a lease that is released while it is read is taken at once, unless an older record stands in its place")
  func releasedMeanwhile() {
    // The holder released the lease and then its claim, between the two parts of this reading.
    let reading = LeaseReading(lease: record(4, renewal: 7), claims: [4], isHolderDead: true)
    let afterwards: [(LeaseFileState, LeaseState.Action)] = [
      (record(4, renewal: 8, isReleased: true), .write(epoch: 5, renewal: 0, isReleased: false)),
      (record(3, renewal: 9, isReleased: true), .wait), (record(4, renewal: 8), .wait),
    ]
    for (lease, action) in afterwards {
      var state = LeaseState(holder: me)
      #expect(state.observe(reading, now: .zero) == .claim(epoch: 5))
      state.claimed(5)
      #expect(state.observe(LeaseReading(lease: lease, claims: [4, 5]), now: .seconds(0.01)) == action, "\(lease)")
    }
  }

  /// The seconds after which a lease is taken that is read at these times, or `nil`.
  private func taken(_ readings: [(Double, LeaseReading)]) -> Double? {
    var state = LeaseState(holder: me)
    return taken(readings, by: &state)
  }

  private func taken(_ readings: [(Double, LeaseReading)], by state: inout LeaseState) -> Double? {
    for (now, reading) in readings {
      switch state.observe(reading, now: .seconds(now)) {
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
      let reading = LeaseReading(lease: lease, claims: [4, 5])
      #expect(taken((0...100).map { (Double($0) / 4, reading) }) == 15)
    }
    let vanished = (0...100).map {
      (Double($0) / 4, LeaseReading(lease: $0 == 0 ? record(4) : .absent, claims: []))
    }
    #expect(taken(vanished) == 15.25)
  }

  @Test("each change restarts the watch: a renewal, a claim, another damage")
  func changes() {
    let changes = [
      (record(4), record(4, renewal: 1), [4], [4]), (record(4), record(4), [4], [4, 5]),
      (.damaged(fingerprint: "1"), .damaged(fingerprint: "2"), [4], [4]),
    ]
    for (before, after, claimsBefore, claimsAfter) in changes {
      let readings = (0...100).map { step in
        step < 40
          ? (Double(step) / 4, LeaseReading(lease: before, claims: claimsBefore))
          : (Double(step) / 4, LeaseReading(lease: after, claims: claimsAfter))
      }
      #expect(taken(readings) == 25)
    }
  }

  @Test("a process that was frozen, or hung on the volume, has not watched meanwhile")
  func frozenWatcher() {
    let reading = LeaseReading(lease: record(4), claims: [4])
    #expect(taken([(0, reading), (1000, reading), (2000, reading)]) == nil)
    #expect(taken((0...20).map { (Double($0) * 100, reading) }) == 1500)
  }

  @Test("the holder renews every 3 seconds, and at once when a late writer replaced its record")
  func renewal() {
    var state = holding(5)
    let mine = LeaseReading(lease: record(5, of: me), claims: [5])
    #expect(state.observe(mine, now: .seconds(2.9)) == .wait)
    #expect(state.observe(mine, now: .seconds(3)) == .write(epoch: 5, renewal: 1, isReleased: false))
    state.wrote(epoch: 5, renewal: 1, now: .seconds(3))
    for lease in [record(4, isReleased: true), .absent, .damaged(fingerprint: "x")] {
      #expect(
        state.observe(LeaseReading(lease: lease, claims: [5]), now: .seconds(3))
          == .write(epoch: 5, renewal: 2, isReleased: false))
    }
    #expect(state.epoch == 5)
  }

  @Test("the holder has lost when a higher epoch is claimed or written, or another process has its epoch")
  func loss() {
    for reading in [
      LeaseReading(lease: record(5, of: me), claims: [5, 6]), LeaseReading(lease: record(6), claims: [5]),
      LeaseReading(lease: record(5), claims: [5]),
    ] {
      var state = holding(5)
      #expect(state.observe(reading, now: .seconds(1)) == .wait)
      #expect(state.epoch == nil)
    }
  }

  @Test("the holder moves to a higher epoch without a gap, and loses if another process claimed it first")
  func raise() {
    var state = holding(5)
    state.noteUsed(epoch: 7)
    #expect(state.nextEpoch == 8)
    state.claimed(8)
    #expect(state.epoch == 8)
    let raised = LeaseReading(lease: record(5, of: me), claims: [5, 8])
    #expect(state.observe(raised, now: .seconds(1)) == .write(epoch: 8, renewal: 1, isReleased: false))
    #expect(state.observe(LeaseReading(lease: record(5, of: me), claims: [8, 9]), now: .seconds(2)) == .wait)
    #expect(state.epoch == nil)
    var slow = holding(5)
    slow.claimFailed(6)
    #expect(slow.epoch == nil)
  }

  @Test("a process that has claimed reads the lease again, and gives way to a higher claim")
  func claimThenLook() {
    var state = LeaseState(holder: me)
    let before = LeaseReading(lease: record(4, isReleased: true), claims: [4])
    #expect(state.observe(before, now: .zero) == .claim(epoch: 5))
    state.claimed(5)
    #expect(state.epoch == nil)
    #expect(state.observe(LeaseReading(lease: record(6), claims: [5, 6]), now: .zero) == .wait)
    #expect(state.epoch == nil)
    #expect(state.observe(LeaseReading(lease: record(6), claims: [6]), now: .seconds(1)) == .wait)
  }

  @Test("a process whose claim failed waits, even if a reading does not show the other claim yet")
  func secondClaim() {
    var state = LeaseState(holder: me)
    let stale = LeaseReading(lease: record(4, isReleased: true), claims: [4])
    #expect(state.observe(stale, now: .zero) == .claim(epoch: 5))
    state.claimFailed(5)
    #expect(state.observe(stale, now: .seconds(0.25)) == .wait)
    // The claim's creator died and wrote nothing, so the next number is taken.
    #expect(taken((1...80).map { (0.25 + Double($0) / 4, stale) }, by: &state) != nil)
    #expect(state.nextEpoch == 6)
  }

  @Test("a process that ends releases the lease it holds, and does nothing afterwards")
  func end() {
    var state = holding(5)
    #expect(state.end() == .write(epoch: 5, renewal: 1, isReleased: true))
    #expect(state.end() == .wait)
    #expect(state.observe(LeaseReading(lease: .absent, claims: []), now: .seconds(100)) == .wait)
    var watching = LeaseState(holder: me)
    _ = watching.observe(LeaseReading(lease: record(4), claims: [4]), now: .zero)
    #expect(watching.end() == .wait)
  }
}
