import Platform

/// Whether the state of a task without the lease is that of another task, as readiness needs to know.
///
/// A task that follows others is ready only while its state is current. That stays so when the other task has given up
/// the lease or is gone. The state becomes this task's own only when it is accepted with the lease.
struct FollowedState: Sendable, Equatable {
  /// Whether the state is that of another task.
  private(set) var isFollowed = false
  /// When the take-over began that is under way, by the steady clock. Up to its end nobody knows whether the state is
  /// the newest.
  private var takeOverBegan: Duration?

  /// The changes of another task are made here from now on.
  mutating func follow() { isFollowed = true }

  /// This task has the lease, and looks for the newest state.
  mutating func beginTakeOver(at now: Duration) { takeOverBegan = now }

  /// This task lost the lease before it had the newest state.
  mutating func endTakeOver() { takeOverBegan = nil }

  /// The state is the newest, and this task's own from now on.
  mutating func accept() { self = FollowedState() }

  /// How far the state is behind the newest one.
  ///
  /// - Parameters:
  ///   - hasHolder: whether another task holds the lease.
  ///   - lag: the time since the state was last known to be current, or `nil` before it was.
  ///   - now: the time by the steady clock.
  func following(hasHolder: Bool, lag: Duration?, at now: Duration) -> Standby.Following {
    guard !hasHolder, let takeOverBegan else { return hasHolder || isFollowed ? .behind(lag) : .none }
    let time = now - takeOverBegan
    return .behind(isFollowed ? lag.map { max($0, time) } : time)
  }
}
