import Synchronization

/// A fault that lasts for a while, and is logged once when it begins and once when it is over.
final class OngoingFault: Sendable {
  private struct State {
    var present: String?
    var reported: String?
  }

  private let state = Mutex(State())

  /// The fault, or `nil` when there is none.
  var present: String? { state.withLock { $0.present } }

  /// Sets what is wrong; `nil` ends the fault.
  func note(_ fault: String?) { state.withLock { $0.present = fault } }

  /// The beginning or the end of the fault.
  enum Change: Sendable, Equatable {
    case began(String)
    case ended
  }

  /// - Returns: what has changed since the last call, or `nil` when nothing has.
  func takeChange() -> Change? {
    state.withLock { state in
      defer { state.reported = state.present }
      guard (state.present == nil) != (state.reported == nil) else { return nil }
      return state.present.map { .began($0) } ?? .ended
    }
  }
}
