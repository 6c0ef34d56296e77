import Clocks
import HTTPClient
import Logging
import Threads

/// Makes the HTTP client of a thread that can do nothing without one. A failure is logged and counted, and the client
/// is tried again.
struct ClientMaker: Sendable {
  /// The function that does not work meanwhile, for the log.
  let purpose: String
  let logger: Logger
  let metrics: SidecarMetrics
  var pause = RetryPause(first: .seconds(1), longest: .seconds(60))
  let make: @Sendable () throws -> HTTPClient

  /// Makes a client, however many attempts that takes.
  func makeEventually() -> HTTPClient {
    var pause = pause
    var generator = SystemRandomNumberGenerator()
    while true {
      do {
        return try make()
      } catch {
        let wait = pause.next(using: &generator)
        metrics.countFailure(.httpClient)
        logger.error(
          "there is no HTTP client; one is made later",
          metadata: [
            "client.purpose": "\(purpose)", "error": "\(error)", "retry.ms": .stringConvertible(wait.milliseconds),
          ])
        Wakeup().wait(until: Deadline(in: wait))
      }
    }
  }
}
