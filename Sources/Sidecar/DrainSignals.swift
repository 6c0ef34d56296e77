import Clocks
import Glibc
import Logging
import Synchronization
import Threads

/// Counts the signals to stop the sidecar, and decides what each of them does. A value without a clock.
struct DrainRequests: Sendable {
  /// The effect of a signal.
  enum Action: Sendable, Equatable {
    case drain
    /// Nothing, as it came together with the first. An init that signals the whole group and a parent that forwards
    /// send two signals.
    case ignore
    /// End the drain at once.
    case interrupt
  }

  private static let together = Duration.milliseconds(250)

  private var first: Duration?

  /// Takes in a signal.
  ///
  /// - Parameter now: the time of a steady clock.
  mutating func note(at now: Duration) -> Action {
    guard let first else {
      self.first = now
      return .drain
    }
    return now - first < Self.together ? .ignore : .interrupt
  }
}

/// Receives the signals of the sidecar on a thread of its own.
final class DrainSignals: Sendable {
  /// Rings at the first signal to stop.
  let first = Wakeup()
  /// Becomes readable at the first signal to stop. It is `nil` when the system had no descriptor left, and then no
  /// request is cut short.
  let descriptor: Int32?
  private let end: Int32?
  private let requests = Mutex(DrainRequests())
  private let cause = Mutex<Signal?>(nil)
  private let interruption: Mutex<Interruption>
  /// Called at SIGHUP.
  private let reload = Mutex<Reload?>(nil)

  // A lock around a bare function would wrap it once more with each access, and for good.
  private struct Interruption {
    let act: @Sendable (Signal) -> Void
  }
  private struct Reload {
    let act: @Sendable () -> Void
  }

  private let logger: Logger

  /// The first signal to stop, if one came.
  var received: Signal? { cause.withLock { $0 } }

  /// Receives signals from here on.
  ///
  /// - Parameter terminate: ends the process when a second signal comes before there is a drain to interrupt.
  init(logger: Logger, terminate: @escaping @Sendable (SidecarExit) -> Never) throws(ThreadError) {
    self.logger = logger
    var ends: [Int32] = [-1, -1]
    let isPipe = pipe(&ends) == 0
    for end in ends where isPipe {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    (descriptor, end) = isPipe ? (ends[0], ends[1]) : (nil, nil)
    interruption = Mutex(
      Interruption { signal in
        logger.error("a second signal ended the sidecar before it drained", metadata: ["signal": "\(signal)"])
        terminate(.failure)
      })
    try SignalListener.start { [self] in hear($0) }
  }

  /// Sets what a second signal to stop does. It should end the process.
  func onInterruption(_ action: @escaping @Sendable (Signal) -> Void) {
    interruption.withLock { $0 = Interruption(act: action) }
  }

  /// Sets what SIGHUP does. Without it, SIGHUP does nothing.
  func onReload(_ action: @escaping @Sendable () -> Void) { reload.withLock { $0 = Reload(act: action) } }

  private func hear(_ signal: Signal) {
    if signal.number == SIGHUP, let reload = reload.withLock({ $0 }) { return reload.act() }
    guard signal.stops else {
      logger.notice(
        signal.number == SIGHUP
          ? "SIGHUP changes nothing: settings are read at the start only; restart the sidecar to change them"
          : "signal ignored", metadata: ["signal": "\(signal)"])
      return
    }
    switch requests.withLock({ $0.note(at: SteadyClock.now()) }) {
    case .drain:
      cause.withLock { $0 = signal }
      if let end { _ = write(end, [1], 1) }
      first.ring()
    case .ignore:
      logger.notice("signal ignored: it came together with the first", metadata: ["signal": "\(signal)"])
    case .interrupt: interruption.withLock { $0 }.act(signal)
    }
  }
}
