import Glibc
import Synchronization
import Threads

/// SIGTERM and SIGINT, taken by a thread of their own, so that one that comes while everything else hangs is heard too.
final class StopSignals: Sendable {
  /// Rings at the first signal.
  let first = Wakeup()
  /// Becomes readable at the first signal; `nil` when the system had no descriptor to spare.
  let descriptor: Int32?
  private let end: Int32?
  private let names = Mutex<[String]>([])
  private let onSecond = Mutex<(@Sendable (String) -> Void)?>(nil)

  /// Names of the signals so far.
  var received: [String] { names.withLock { $0 } }

  /// Must be made before any other thread: threads inherit that the signals are blocked.
  init() throws(ThreadError) {
    signal(SIGPIPE, SIG_IGN)
    // Process 1 of a container drops signals that have no handler at all, unless they are blocked.
    signal(SIGTERM) { _ in }
    signal(SIGINT) { _ in }
    var signals = Self.signals
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    var ends: [Int32] = [-1, -1]
    let isPipe = pipe(&ends) == 0
    for end in ends where isPipe {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    (descriptor, end) = isPipe ? (ends[0], ends[1]) : (nil, nil)
    try SystemThread.start { [self] in listen() }
  }

  /// Sets what a second signal does; it should end the process.
  func onSecondSignal(_ action: @escaping @Sendable (String) -> Void) {
    onSecond.withLock { $0 = action }
  }

  private func listen() {
    while true {
      var signals = Self.signals
      var number: Int32 = 0
      guard sigwait(&signals, &number) == 0 else { continue }
      let name = number == SIGINT ? "SIGINT" : "SIGTERM"
      let count = names.withLock { names in
        names.append(name)
        return names.count
      }
      if count == 1 {
        if let end { _ = write(end, [1], 1) }
        first.ring()
      } else {
        onSecond.withLock { $0 }?(name)
      }
    }
  }

  private static var signals: sigset_t {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTERM)
    sigaddset(&signals, SIGINT)
    return signals
  }
}
