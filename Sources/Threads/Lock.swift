public import Synchronization

/// A value that one thread at a time uses: the standard library's mutex, in a form that the thread sanitizer
/// understands.
///
/// The sanitizer does not see into `Mutex`. In its build (`scripts/test-threads`) each section also begins and ends
/// with an atomic operation, which it sees.
///
/// It is public, since the compiler (6.3) puts only public functions in place across modules; a call costs 20 ns more.
public struct Lock<Value>: ~Copyable, Sendable {
  @usableFromInline let mutex: Mutex<Value>
  #if THREAD_SANITIZER
    @usableFromInline let order = Atomic(0)
  #endif

  /// Begins with a value.
  @inlinable
  public init(_ value: consuming sending Value) {
    mutex = Mutex(value)
  }

  /// Calls a body with the value, while no other thread has it.
  @inlinable
  public borrowing func withLock<Result, Failure: Error>(
    _ body: (inout sending Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    #if THREAD_SANITIZER
      return try mutex.withLock { (value) throws(Failure) in
        order.add(1, ordering: .acquiringAndReleasing)
        defer { order.add(1, ordering: .acquiringAndReleasing) }
        return try body(&value)
      }
    #else
      return try mutex.withLock(body)
    #endif
  }
}
