import Glibc

/// A thread of the system. Not one of the cooperative pool: what runs here may block, some of it for ever.
///
/// Signals are for the one thread that takes them, so every other thread blocks them all but the kernel's own faults.
package struct SystemThread: Sendable {
  private final class Body: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Bytes. Enough for a dump's reader, libcurl and JSON of the greatest depth, and below the size from which the
  /// kernel may back a whole stack with one huge page (2 MiB).
  private static let stackSize = 1 << 20

  private let handle: pthread_t

  /// Starts a thread that must be waited for with `join`.
  ///
  /// - Throws: `ThreadError` when the system has no thread to spare; `run` is not called then.
  package init(_ run: @escaping @Sendable () -> Void) throws(ThreadError) {
    handle = try Self.create(detached: false, run)
  }

  /// Waits for its end; to be called once.
  package func join() {
    pthread_join(handle, nil)
  }

  /// Starts a thread that nobody waits for.
  ///
  /// - Throws: `ThreadError` when the system has no thread to spare; `run` is not called then.
  package static func start(_ run: @escaping @Sendable () -> Void) throws(ThreadError) {
    _ = try create(detached: true, run)
  }

  /// Keeps the calling thread, which must not return, from doing anything.
  package static func park() -> Never {
    while true { _ = pause() }
  }

  /// The niceness of threads whose work takes long. While calls keep all processors busy, such a thread gets about a
  /// tenth of one.
  package static let lowPriority: Int32 = 10

  /// Does work that takes long on a thread of its own, which lets calls have the processor first, and so do the threads
  /// that the work starts: sched(7), "The nice value". The calling thread waits. Its own priority stays, because a
  /// process without privileges can't raise it again, and every thread that it starts would have a low one, too.
  ///
  /// - Throws: the error of the work.
  package static func runBehindCalls<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) throws -> Value {
    let outcome = Lock<Result<Value, any Error>>(.failure(ThreadError(number: ESRCH)))
    let thread: SystemThread
    do throws(ThreadError) {
      thread = try SystemThread {
        // A process that was started with a higher niceness keeps it.
        if niceness < lowPriority {
          _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, lowPriority)
          SchedulerSlice.shorten(niceness: lowPriority)
        }
        let result = Result { try work() }
        outcome.withLock { $0 = result }
      }
    } catch {
      // Without a thread to spare the work is done here.
      return try work()
    }
    thread.join()
    return try outcome.withLock { $0 }.get()
  }

  /// Lets threads run that wait for this one's processor, as work that takes long does every some tenths of a
  /// millisecond. A thread that wakes up may have to wait until this one has used its share, and Linux looks after that
  /// only at the ticks of its clock, 4 ms apart.
  ///
  /// Only work behind calls does so. A turn costs a whole slice of the scheduler, which other work has no time for.
  package static func letOthersRun() {
    guard niceness >= lowPriority else { return }
    sched_yield()
  }

  /// The niceness of the calling thread.
  package static var niceness: Int32 { getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) }

  private static func create(detached: Bool, _ run: @escaping @Sendable () -> Void) throws(ThreadError) -> pthread_t {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(detached ? PTHREAD_CREATE_DETACHED : PTHREAD_CREATE_JOINABLE))
    pthread_attr_setstacksize(&attributes, stackSize)
    // A thread inherits its signal mask from the one that starts it.
    var (mask, before) = (SignalMask.all, sigset_t())
    pthread_sigmask(SIG_SETMASK, &mask, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    var handle = pthread_t()
    let body = Unmanaged.passRetained(Body(run))
    let result = pthread_create(
      &handle, &attributes,
      { pointer in
        if let pointer { Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue().run() }
        return nil
      }, body.toOpaque())
    guard result == 0 else {
      body.release()
      throw ThreadError(number: result)
    }
    return handle
  }
}

/// The system started no thread.
package struct ThreadError: Error, CustomStringConvertible, Sendable {
  /// An `errno`: `EAGAIN` at the limit of threads (RLIMIT_NPROC, `pids.max` of the control group) or out of memory.
  package let number: Int32

  package var description: String {
    "no thread could be started: \(String(cString: strerror(number))); look at the limits of processes and memory"
  }
}
