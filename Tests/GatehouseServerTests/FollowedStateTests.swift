import Platform
import Testing

@testable import GatehouseServer

@Suite("The state of a task without the lease")
struct FollowedStateTests {
  private static let now = Duration.seconds(1000)

  private static func isBehind(_ following: Standby.Following) -> Bool {
    Standby(reason: "", following: following).isBehind
  }

  private static var followed: FollowedState {
    var state = FollowedState()
    state.follow()
    return state
  }

  @Test("is behind before it was current once, whether another task holds the lease or nobody does")
  func fresh() {
    for hasHolder in [true, false] {
      let following = Self.followed.following(hasHolder: hasHolder, lag: nil, at: Self.now)
      #expect(following == .behind(nil))
      #expect(Self.isBehind(following))
    }
    // The lease has a holder, and nothing was followed yet.
    #expect(Self.isBehind(FollowedState().following(hasHolder: true, lag: nil, at: Self.now)))
  }

  @Test("stays as far behind as it was when the other task is gone")
  func holderGone() {
    for hasHolder in [true, false] {
      let current = Self.followed.following(hasHolder: hasHolder, lag: .seconds(1), at: Self.now)
      #expect(current == .behind(.seconds(1)))
      #expect(!Self.isBehind(current))
      #expect(Self.isBehind(Self.followed.following(hasHolder: hasHolder, lag: .seconds(11), at: Self.now)))
    }
  }

  @Test("is current through a hand-over, and this task's own behind it")
  func handOver() {
    var state = Self.followed
    let released = state.following(hasHolder: false, lag: .milliseconds(200), at: Self.now)
    #expect(released == .behind(.milliseconds(200)))
    state.beginTakeOver(at: Self.now)
    let later = Self.now + .milliseconds(900)
    #expect(state.following(hasHolder: false, lag: .milliseconds(1100), at: later) == .behind(.milliseconds(1100)))
    #expect(!Self.isBehind(state.following(hasHolder: false, lag: .milliseconds(1100), at: later)))
    state.accept()
    state.endTakeOver()
    #expect(state == FollowedState())
    #expect(state.following(hasHolder: false, lag: nil, at: later) == Standby.Following.none)
  }

  @Test("is behind when a take-over does not find the newest state, although each attempt reads all journals")
  func takeOverWithoutState() {
    var state = Self.followed
    state.beginTakeOver(at: Self.now)
    let lag = Duration.milliseconds(100)
    #expect(!Self.isBehind(state.following(hasHolder: false, lag: lag, at: Self.now + .seconds(9))))
    #expect(Self.isBehind(state.following(hasHolder: false, lag: lag, at: Self.now + .seconds(11))))
    // One that was never current does not get current by the lease.
    #expect(state.following(hasHolder: false, lag: nil, at: Self.now) == .behind(nil))
    // Another task took the lease, and is followed.
    state.endTakeOver()
    #expect(state.following(hasHolder: true, lag: lag, at: Self.now + .seconds(11)) == .behind(lag))
  }

  @Test("is this task's own where no other was followed, until it has the lease and can't restore the newest")
  func alone() {
    var state = FollowedState()
    #expect(state.following(hasHolder: false, lag: nil, at: Self.now) == Standby.Following.none)
    state.beginTakeOver(at: Self.now)
    #expect(!Self.isBehind(state.following(hasHolder: false, lag: nil, at: Self.now + .seconds(9))))
    #expect(Self.isBehind(state.following(hasHolder: false, lag: nil, at: Self.now + .seconds(11))))
    state.endTakeOver()
    #expect(state.following(hasHolder: false, lag: nil, at: Self.now + .seconds(12)) == Standby.Following.none)
  }
}
