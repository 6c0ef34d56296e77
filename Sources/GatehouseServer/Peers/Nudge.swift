import Threads

/// Wakes one waiting task before its time is over. A ring that comes while nobody waits counts for the next wait.
final class Nudge: Sendable {
  private struct State {
    var isRung = false
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let state = Lock(State())

  /// Wakes the task that waits.
  func ring() {
    let waiter = state.withLock { state in
      defer { state.waiter = nil }
      state.isRung = state.waiter == nil
      return state.waiter
    }
    waiter?.resume()
  }

  /// Waits for a ring, but no longer than a limit.
  func wait(atMost limit: Duration) async {
    let timer = Task {
      // A cancelled timer has nothing to end.
      guard (try? await Task.sleep(for: limit)) != nil else { return }
      ring()
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isRung = state.withLock { state in
          if state.isRung {
            state.isRung = false
            return true
          }
          state.waiter = continuation
          return false
        }
        if isRung { continuation.resume() }
      }
    } onCancel: {
      ring()
    }
    timer.cancel()
  }
}
