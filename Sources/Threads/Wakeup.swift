package import Clocks
import Glibc

/// Lets threads wait for another, with a deadline: once someone has rung, no wait waits, until that is taken back.
///
/// A condition variable of the steady clock. It takes no descriptor, so that it also works in a process that has none
/// left. A class, since it owns memory whose address the threads share.
package final class Wakeup: Sendable {
  private struct State {
    var mutex = pthread_mutex_t()
    var condition = pthread_cond_t()
    var isRung = false
  }

  /// Of a `State`. Its calls are made to come from any thread; a pointer would not say so to the compiler.
  private let address: UInt

  package init() {
    let state = UnsafeMutablePointer<State>.allocate(capacity: 1)
    state.initialize(to: State())
    pthread_mutex_init(&state.pointee.mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(&state.pointee.condition, &attributes)
    pthread_condattr_destroy(&attributes)
    address = UInt(bitPattern: state)
  }

  deinit {
    guard let state = UnsafeMutablePointer<State>(bitPattern: address) else { return }
    pthread_cond_destroy(&state.pointee.condition)
    pthread_mutex_destroy(&state.pointee.mutex)
    state.deallocate()
  }

  /// Ends every wait, those to come too.
  package func ring() {
    withState { state in
      state.pointee.isRung = true
      pthread_cond_broadcast(&state.pointee.condition)
    }
  }

  /// Takes back what was rung.
  package func clear() {
    withState { $0.pointee.isRung = false }
  }

  /// - Returns: whether someone rang before the deadline.
  @discardableResult
  package func wait(until deadline: Deadline) -> Bool {
    wait(until: deadline, clears: false)
  }

  /// Waits until someone rings, and takes that back.
  ///
  /// - Returns: whether someone rang before the deadline.
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
    guard let state = UnsafeMutablePointer<State>(bitPattern: address) else {
      preconditionFailure("memory of `allocate` is never at 0")
    }
    pthread_mutex_lock(&state.pointee.mutex)
    defer { pthread_mutex_unlock(&state.pointee.mutex) }
    return body(state)
  }
}
