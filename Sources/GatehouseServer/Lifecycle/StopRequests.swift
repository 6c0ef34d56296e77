/// Counts the signals that ask the service to stop, and decides what each of them does.
///
/// An init that signals the whole group and a parent that forwards, or Ctrl-C in compose, send several at once. So no
/// number of signals within a second skips the last dump.
struct StopRequests: Sendable {
  enum Action: Sendable, Equatable {
    /// The first one: let calls in flight finish, write the last dump, end.
    case stop
    /// The second one: don't wait for calls in flight any more.
    case hurry
    /// One that comes with the second: nothing more.
    case ignore
    /// One more, at least a second after the second: end at once, without the dump.
    case end
  }

  private enum State {
    case none, stopping
    case hurried(at: Duration)
  }

  private static let patience = Duration.seconds(1)

  private var state = State.none

  /// - Parameter now: of a steady clock.
  mutating func note(at now: Duration) -> Action {
    switch state {
    case .none:
      state = .stopping
      return .stop
    case .stopping:
      state = .hurried(at: now)
      return .hurry
    case .hurried(let time):
      return now - time >= Self.patience ? .end : .ignore
    }
  }
}
