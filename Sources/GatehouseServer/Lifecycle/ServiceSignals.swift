import Clocks
import Glibc
import Logging
import Synchronization
import Threads

/// Receives the process's signals on a separate thread, and delivers the requests to stop and to dump.
final class ServiceSignals: Sendable {
  enum Stop: Sendable {
    case first(Signal)
    /// Continue without waiting for requests in flight.
    case hurry
  }

  private struct State {
    var requests = StopRequests()
    var isServing = false
    var readsCertificate = false
    var readsKeys = false
  }

  private let state = Mutex(State())
  private let logger: Logger
  private let terminate: @Sendable (ExitCode) -> Never
  /// The requests to stop, at most one of each kind.
  let stops: AsyncStream<Stop>
  private let stopNews: AsyncStream<Stop>.Continuation
  /// The requests for a dump. Several requests during a dump count as one, because the next dump contains every change
  /// made before them.
  let dumps: AsyncStream<Void>
  private let dumpNews: AsyncStream<Void>.Continuation
  /// The requests to read the certificate again.
  let certificateRequests: AsyncStream<Void>
  private let certificateNews: AsyncStream<Void>.Continuation
  /// The requests to read the encryption keys again.
  let keyRequests: AsyncStream<Void>
  private let keyNews: AsyncStream<Void>.Continuation

  /// Starts to receive signals.
  ///
  /// - Parameter terminate: ends the process. It is called on the signal thread when the other threads may hang.
  init(logger: Logger, terminate: @escaping @Sendable (ExitCode) -> Never) throws(ThreadError) {
    self.logger = logger
    self.terminate = terminate
    (stops, stopNews) = AsyncStream.makeStream()
    (dumps, dumpNews) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    (certificateRequests, certificateNews) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    (keyRequests, keyNews) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    try SignalListener.start { [self] in hear($0) }
  }

  /// Makes signals to stop cause an orderly stop. Before this call, they end the process at once.
  ///
  /// - Parameters:
  ///   - readsCertificate: whether SIGHUP asks for the certificate to be read again.
  ///   - readsKeys: whether SIGHUP asks for the encryption keys to be read again.
  func beginServing(readsCertificate: Bool, readsKeys: Bool) {
    state.withLock { state in
      state.isServing = true
      state.readsCertificate = readsCertificate
      state.readsKeys = readsKeys
    }
  }

  private func hear(_ signal: Signal) {
    switch signal.number {
    case _ where signal.stops: stop(signal)
    case SIGUSR1: dumpNews.yield()
    case SIGHUP: reload()
    default: logger.notice("signal ignored", metadata: ["signal": "\(signal)"])
    }
  }

  private func reload() {
    let (readsCertificate, readsKeys) = state.withLock { ($0.readsCertificate, $0.readsKeys) }
    if readsCertificate { certificateNews.yield() }
    if readsKeys { keyNews.yield() }
    guard !readsCertificate, !readsKeys else { return }
    logger.notice("SIGHUP changes nothing: settings are read at the start only; restart the gateway to change them")
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
