import Clocks
import DocumentStore
import DumpDirectory
import JSON
import Peers
import Persistence
import Platform
import Threads

/// The answer to a question for the newest place.
enum PlaceAnswer: Sendable {
  /// The task that writes has shown the changes up to a place to its clients, or has none beside its dump.
  case place(ReadPlace?)
  /// It can't be asked.
  case none
}

/// Asks the task that writes for the place of its newest change.
final class PlaceQuestion: Sendable {
  /// The time that an answer may take.
  private static let patience = Duration.milliseconds(500)
  /// The pause after a question that was not answered in time, so that reads do not wait for each one.
  private static let rest = Duration.seconds(1)

  private let link: PeerLink
  private let lease: WriterLease
  private let silentAt = Lock<Duration?>(nil)

  init(_ link: PeerLink, _ lease: WriterLease) {
    (self.link, self.lease) = (link, lease)
  }

  func ask() async -> PlaceAnswer {
    guard lease.epoch == nil, case .holder(let holder) = ChangeTarget(lease.role) else { return .none }
    if let silentAt = silentAt.withLock({ $0 }), SteadyClock.now() - silentAt < Self.rest { return .none }
    let start = SteadyClock.now()
    do throws(PeerFailure) {
      let answer = try await TaskLink.first(
        of: { [link] () throws(PeerFailure) in
          try await link.send(
            PeerMessage(.place), to: holder.name, at: holder.port, largestAnswer: TaskLink.largestAnswer)
        }, until: { try? await Task.sleep(for: Self.patience) },
        otherwise: PeerFailure(isUnsent: false, description: "\(holder.port) does not answer"))
      guard answer.kind == .done else { return .none }
      return .place(answer.place)
    } catch {
      let now = SteadyClock.now()
      if now - start >= Self.patience { silentAt.withLock { $0 = now } }
      return .none
    }
  }
}

/// Reads of clients of this task: they see what clients of the task that writes have seen before, and nothing that can
/// be lost.
extension TaskLink {
  /// The time that a read waits for a state whose place is known.
  private static let readPatience = Duration.milliseconds(500)

  func readNewest() async {
    let start = SteadyClock.now()
    let isNewest: Bool
    switch await newest.answer() {
    case .place(nil): isNewest = true
    case .place(let place?): isNewest = await waitForState { hasReached(place) }
    case .none:
      let isRead = await waitForState {
        self.parts.lease.epoch != nil || self.parts.follower.lag.map { $0 < SteadyClock.now() - start } ?? false
      }
      // All that was acknowledged is on the volume only where answers wait for it.
      isNewest = isRead && (parts.journal.acknowledgesLater || parts.lease.epoch != nil)
    }
    if !isNewest { counters.count(.old) }
  }

  /// Waits until this task has a state. A task that is overloaded, or is about to take over, can need longer than a
  /// read usually waits. So a read waits as long as a change does, but not while the state is too old and gets no
  /// newer, and not again soon when a read waited in vain: the volume may hang.
  private func waitForState(_ isThere: () -> Bool) async -> Bool {
    if await wait(within: Self.readPatience, until: isThere) { return true }
    guard longReads.withLock({ $0.mayWait(at: SteadyClock.now()) }) else { return false }
    let before = parts.follower.place
    _ = await wait(within: patience) { isThere() || isTooOld && parts.follower.place == before }
    if isThere() { return true }
    // While the state is too old, later reads see that for themselves.
    if !isTooOld { longReads.withLock { $0.waitedInVain(at: SteadyClock.now()) } }
    return false
  }

  /// Whether the state was current, and that was too long ago.
  private var isTooOld: Bool {
    guard let lag = parts.follower.lag else { return false }
    return Standby.Following.behind(lag).isTooOld
  }

  func waitToShow(_ sequence: UInt64) async -> Snapshot? {
    let safe = await parts.journal.waitToShow(sequence)
    if safe != nil { counters.count(.early) }
    return safe
  }

  func waitLongToShow(_ sequence: UInt64) async -> Bool { await parts.journal.waitLongToShow(sequence) }
}

/// Whether a read waits as long as a change does. A value without a clock.
struct LongReads: Sendable {
  /// The time in which no read waits that long, after one waited in vain.
  static let rest = Duration.seconds(30)

  private var vain: Duration?

  /// Whether a read may wait that long.
  func mayWait(at now: Duration) -> Bool {
    guard let vain else { return true }
    return now - vain > Self.rest
  }

  /// A read waited that long and has no newer state.
  mutating func waitedInVain(at now: Duration) { vain = now }
}
