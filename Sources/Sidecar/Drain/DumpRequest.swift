import Clocks
import Threads

/// Asks the service for a dump until there is one, until asking is no use, or until the time is over.
struct DumpRequest {
  enum Result: Sendable {
    case dumped(DumpAnswer)
    case ended(DrainOutcome, String)
    /// Nobody listens there, with how that showed.
    case notThere(String)
    /// It is there, loads its state, and was not seen ready.
    case starting(String)
    /// It says that it does not hold the lease.
    case standby(String)
  }

  let client: GatewayClient
  let deadline: Deadline
  /// Whether a service that is there and not ready is asked on. One that was not seen ready in the life of this process has
  /// nothing to save while it starts.
  let waitsUntilReady: Bool
  /// Whether the service is known to have ended; asked of one that does not answer. A service whose host is gone answers no more
  /// than a slow one.
  var hasEnded: () -> Bool = { false }

  /// Refused connections in a row after which the service counts as gone, and tries without an answer after which the lease is
  /// asked: one may be a restart.
  private static let triesUntilGone = 3
  private static let loginTries = 3
  /// After a login that was refused: a service that restores a dump sets the account up again, and hashes its password.
  private static let loginPause = Duration.seconds(1)

  /// - Parameter note: told each try, when it started and what came of it.
  func run(note: (String, String, Duration, Duration) -> Void) -> Result {
    var pause = RetryPause()
    var generator = SystemRandomNumberGenerator()
    var (refusals, gone, unanswered) = (0, 0, 0)
    let start = SteadyClock.now()
    var last: ServiceError?
    while !deadline.isOver {
      let begun = SteadyClock.now()
      do throws(ServiceError) {
        let answer = try client.dump(deadline)
        note("dump", "written", begun - start, SteadyClock.now() - begun)
        return .dumped(answer)
      } catch {
        note("dump", "\(error.code.rawValue): \(error)", begun - start, SteadyClock.now() - begun)
        last = error
        if error.code == .loginRefused { refusals += 1 }
        gone = error.code == .gone ? gone + 1 : 0
        unanswered = error.code == .unreachable || error.code == .timedOut ? unanswered + 1 : 0
        if let end = end(error, refusals: refusals, gone: gone) { return end }
        if unanswered >= Self.triesUntilGone, hasEnded() { return .notThere(error.description) }
        let asked = error.retryAfter.map { Duration.seconds(max(0, $0)) } ?? .zero
        let refused = error.code == .loginRefused ? Self.loginPause : .zero
        let wait = max(asked, refused, pause.next(using: &generator))
        // Who is told to come back when all is over need not wait for it.
        guard wait < deadline.left else { break }
        Wakeup().wait(until: Deadline(in: wait))
      }
    }
    if let last, unanswered > 0, hasEnded() { return .notThere(last.description) }
    return .ended(outcomeAtTheEnd(last), last?.description ?? "there was no time left to ask the service")
  }

  /// Whether the service says that it is not ready yet. One that stops has taken changes, though this sidecar may have seen
  /// none of it, and writes its last dump by itself; one that does not tell is asked on.
  private var isStarting: Bool {
    guard case .notReady(let word)? = try? client.readiness(deadline.within(.seconds(2))) else { return false }
    return word != "draining"
  }

  private func end(_ error: ServiceError, refusals: Int, gone: Int) -> Result? {
    switch error.code {
    case .standby: .standby(error.description)
    case .forbidden: .ended(.forbidden, error.description)
    case .rejected: .ended(.rejected, error.description)
    case .loginRefused: refusals < Self.loginTries ? nil : .ended(.loginRefused, error.description)
    case .gone:
      gone < Self.triesUntilGone ? nil : .notThere(error.description)
    case .notReady: waitsUntilReady || !isStarting ? nil : .starting(error.description)
    default: nil
    }
  }

  private func outcomeAtTheEnd(_ last: ServiceError?) -> DrainOutcome {
    switch last?.code {
    case .failed, .strange: .dumpFailed
    case .loginLimited, .loginRefused, .tokenRefused: .loginRefused
    default: .timedOut
    }
  }
}
