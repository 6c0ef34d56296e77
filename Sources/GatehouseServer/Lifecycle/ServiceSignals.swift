import Clocks
import Glibc
import Logging
import Synchronization
import Threads

/// What the signals of the service ask for, heard by a thread of their own.
final class ServiceSignals: Sendable {
  enum Stop: Sendable {
    case first(Signal)
    /// Go on without the calls in flight.
    case hurry
  }

  private struct State {
    var requests = StopRequests()
    var isServing = false
  }

  private let state = Mutex(State())
  private let logger: Logger
  private let terminate: @Sendable (ExitCode) -> Never
  /// At most one of each.
  let stops: AsyncStream<Stop>
  private let stopNews: AsyncStream<Stop>.Continuation
  /// Dumps that were asked for. Several requests that come during a dump are one: the next dump holds everything from
  /// before them.
  let dumps: AsyncStream<Void>
  private let dumpNews: AsyncStream<Void>.Continuation

  /// Hears signals from here on.
  ///
  /// - Parameter terminate: ends the process. It is called on the thread of the signals when the rest may hang.
  init(logger: Logger, terminate: @escaping @Sendable (ExitCode) -> Never) throws(ThreadError) {
    self.logger = logger
    self.terminate = terminate
    (stops, stopNews) = AsyncStream.makeStream()
    (dumps, dumpNews) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    try SignalListener.start { [self] in hear($0) }
  }

  /// From here on there is something to stop in order; before, a stop just ends the process.
  func beginServing() {
    state.withLock { $0.isServing = true }
  }

  private func hear(_ signal: Signal) {
    switch signal.number {
    case _ where signal.stops: stop(signal)
    case SIGUSR1: dumpNews.yield()
    case SIGHUP:
      logger.notice("SIGHUP changes nothing: settings are read at the start only; restart the service to change them")
    default: logger.notice("signal ignored", metadata: ["signal": "\(signal)"])
    }
  }

  private func stop(_ signal: Signal) {
    let (action, isServing) = state.withLock { ($0.requests.note(at: SteadyClock.now()), $0.isServing) }
    switch action {
    case .stop where !isServing:
      logger.notice(
        "stopped before the state was loaded: there is nothing to dump", metadata: ["signal": "\(signal)"])
      terminate(.stopped)
    case .stop: stopNews.yield(.first(signal))
    case .hurry:
      logger.warning(
        "second signal to stop: going on without the calls in flight; the last dump is still written",
        metadata: ["signal": "\(signal)"])
      stopNews.yield(.hurry)
    case .ignore:
      logger.warning(
        "signal ignored: one at least a second after the second ends the process without the last dump",
        metadata: ["signal": "\(signal)"])
    case .end:
      logger.critical(
        "third signal to stop: ending at once, without waiting for the last dump", metadata: ["signal": "\(signal)"])
      terminate(.lastDumpFailed)
    }
  }
}
