import Clocks
import Threads

/// Asks the service for a dump until there is one, until asking is no use, or until the time is over.
struct DumpRequest {
  enum Result: Sendable {
    case dumped(DumpAnswer)
    case ended(DrainOutcome, String)
  }

  let client: GatewayClient
  let deadline: Deadline
  /// Whether the service was seen ready in the life of this process.
  let wasReady: Bool

  /// Refused connections after which the service counts as gone: one may be a restart.
  private static let triesUntilGone = 3
  private static let loginTries = 2

  /// - Parameter note: told each try, when it started and what came of it.
  func run(note: (String, String, Duration, Duration) -> Void) -> Result {
    var pause = RetryPause()
    var generator = SystemRandomNumberGenerator()
    var (refusals, gone) = (0, 0)
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
        if let end = end(error, refusals: refusals, gone: gone) { return end }
        let asked = error.retryAfter.map { Duration.seconds(max(0, $0)) } ?? .zero
        let wait = max(asked, pause.next(using: &generator))
        // Who is told to come back when all is over need not wait for it.
        guard wait < deadline.left else { break }
        Wakeup().wait(until: Deadline(in: wait))
      }
    }
    return .ended(outcomeAtTheEnd(last), last?.description ?? "there was no time left to ask the service")
  }

  private func end(_ error: ServiceError, refusals: Int, gone: Int) -> Result? {
    switch error.code {
    case .standby: .ended(.standby, error.description)
    case .forbidden: .ended(.forbidden, error.description)
    case .rejected: .ended(.rejected, error.description)
    // Once more: the service may just be setting up the account.
    case .loginRefused: refusals < Self.loginTries ? nil : .ended(.loginRefused, error.description)
    case .gone:
      gone < Self.triesUntilGone
        ? nil
        : .ended(
          wasReady ? .serviceGone : .neverReady,
          wasReady
            ? "the service had ended already (\(error))"
            : "the service was never seen ready and is not there (\(error))")
    case .notReady:
      wasReady ? nil : .ended(.neverReady, "the service never got ready, so it took no changes (\(error))")
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
