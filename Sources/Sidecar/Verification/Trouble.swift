import Synchronization

/// Something that is wrong for a while, and is said once when it begins and once when it is over.
final class Trouble: Sendable {
  private struct State {
    var present: String?
    var reported: String?
  }

  private let state = Mutex(State())

  /// What is wrong; `nil` when nothing is.
  var present: String? { state.withLock { $0.present } }

  func note(_ trouble: String?) { state.withLock { $0.present = trouble } }

  enum News: Sendable, Equatable {
    case began(String)
    case ended
  }

  /// - Returns: what changed since the last call; `nil` when nothing did.
  func news() -> News? {
    state.withLock { state in
      defer { state.reported = state.present }
      guard (state.present == nil) != (state.reported == nil) else { return nil }
      return state.present.map { .began($0) } ?? .ended
    }
  }
}
