import Clocks
import Peers

/// Whether the task that holds the lease can be reached. Before a change is sent, a hello has been answered not long
/// ago: so a wrong address does not leave it open whether a change was made.
actor HolderContact {
  private struct Failed {
    let holder: Holder
    let at: Duration
    let failure: PeerFailure
  }

  /// The time for which an answered hello counts.
  private static let freshness = Duration.seconds(3)
  /// The time for which a failed one counts, so that many waiting changes don't make many attempts.
  private static let rest = Duration.milliseconds(200)

  private let hello: @Sendable (Holder) async throws(PeerFailure) -> Void
  private var reached: (holder: Holder, at: Duration)?
  private var failed: Failed?
  private var attempt: (holder: Holder, task: Task<PeerFailure?, Never>)?

  init(hello: @escaping @Sendable (Holder) async throws(PeerFailure) -> Void) {
    self.hello = hello
  }

  /// Makes sure that a holder was reached lately.
  func reach(_ holder: Holder) async throws(PeerFailure) {
    let now = SteadyClock.now()
    if let reached, reached.holder == holder, now - reached.at < Self.freshness { return }
    if let failed, failed.holder == holder, now - failed.at < Self.rest { throw failed.failure }
    try await greet(holder)
  }

  /// Says hello, or shares one that is under way.
  func greet(_ holder: Holder) async throws(PeerFailure) {
    let task: Task<PeerFailure?, Never>
    if let attempt, attempt.holder == holder {
      task = attempt.task
    } else {
      let hello = hello
      task = Task {
        do throws(PeerFailure) {
          try await hello(holder)
          return nil
        } catch {
          return error
        }
      }
      attempt = (holder, task)
    }
    let failure = await task.value
    if attempt?.task == task { attempt = nil }
    guard let failure else {
      (reached, failed) = ((holder, SteadyClock.now()), nil)
      return
    }
    reached = nil
    failed = Failed(holder: holder, at: SteadyClock.now(), failure: failure)
    throw failure
  }

  /// The holder may be gone.
  func forget() { reached = nil }
}
