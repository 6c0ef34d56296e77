/// Counts the signals to stop, and decides what each of them does.
///
/// Several signals can arrive at once: from an init that signals the whole group and a parent that forwards, or from
/// Ctrl-C in compose. So no number of signals within a second skips the last dump.
struct StopRequests: Sendable {
  enum Action: Sendable, Equatable {
    /// The first signal: wait for requests in flight, write the last dump, and end.
    case stop
    /// The second signal: do not wait for requests in flight any longer.
    case hurry
    /// A signal shortly after the second: do nothing more.
    case ignore
    /// A signal at least a second after the second: end at once, without the dump.
    case end
  }

  private enum State {
    case none, stopping
    case hurried(at: Duration)
  }

  private static let patience = Duration.seconds(1)

  private var state = State.none

  /// Counts one signal.
  ///
  /// - Parameter now: the time on a steady clock.
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
