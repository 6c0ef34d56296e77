import Synchronization

/// The standard library's mutex. The thread sanitizer does not see into that one, so in its build
/// (`scripts/test-threads`) each section also begins and ends with an atomic operation that it does see.
struct Lock<Value>: ~Copyable, Sendable {
  private let mutex: Mutex<Value>
  #if THREAD_SANITIZER
    private let order = Atomic(0)
  #endif

  init(_ value: consuming sending Value) {
    mutex = Mutex(value)
  }

  borrowing func withLock<Result, Failure: Error>(
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
