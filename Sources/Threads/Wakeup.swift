package import Clocks
import Glibc

/// Lets threads wait for another one, up to a deadline. Once a thread has rung, no wait waits until that is taken back.
///
/// It is a condition variable with the steady clock. It takes no descriptor, so it also works in a process that has none
/// left. A class, because it owns memory whose address the threads share.
//
// Sendable: the pointer never changes, the memory is freed when the last owner is gone, and everything in it is used
// between `pthread_mutex_lock` and `pthread_mutex_unlock` only.
package final class Wakeup: @unchecked Sendable {
  private struct State {
    var mutex = pthread_mutex_t()
    var condition = pthread_cond_t()
    var isRung = false
  }

  private let state = UnsafeMutablePointer<State>.allocate(capacity: 1)

  /// Begins without a ring.
  package init() {
    state.initialize(to: State())
    pthread_mutex_init(&state.pointee.mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(&state.pointee.condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(&state.pointee.condition)
    pthread_mutex_destroy(&state.pointee.mutex)
    state.deallocate()
  }

  /// Ends every wait, also later ones.
  package func ring() {
    withState { state in
      state.pointee.isRung = true
      pthread_cond_broadcast(&state.pointee.condition)
    }
  }

  /// Takes the ring back.
  package func clear() {
    withState { $0.pointee.isRung = false }
  }

  /// Waits until a thread rings.
  ///
  /// - Returns: whether one rang before the deadline.
  @discardableResult
  package func wait(until deadline: Deadline) -> Bool {
    wait(until: deadline, clears: false)
  }

  /// Waits until a thread rings, and takes the ring back.
  ///
  /// - Returns: whether one rang before the deadline.
  @discardableResult
  package func take(until deadline: Deadline) -> Bool {
    wait(until: deadline, clears: true)
  }

  private func wait(until deadline: Deadline, clears: Bool) -> Bool {
    withState { state in
      var end = deadline.monotonic
      while !state.pointee.isRung, !deadline.isOver {
        pthread_cond_timedwait(&state.pointee.condition, &state.pointee.mutex, &end)
      }
      defer { if clears { state.pointee.isRung = false } }
      return state.pointee.isRung
    }
  }

  private func withState<Result>(_ body: (UnsafeMutablePointer<State>) -> Result) -> Result {
    pthread_mutex_lock(&state.pointee.mutex)
    defer { pthread_mutex_unlock(&state.pointee.mutex) }
    return body(state)
  }
}
