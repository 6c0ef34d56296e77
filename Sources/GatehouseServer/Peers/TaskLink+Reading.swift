import Clocks
import DocumentStore
import DumpDirectory
import JSON
import Peers
import Persistence
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
    case .place(let place?): isNewest = await wait(within: Self.readPatience) { hasReached(place) }
    case .none:
      // All that was acknowledged is on the volume.
      let isComplete = {
        self.parts.lease.epoch != nil || self.parts.follower.lag.map { $0 < SteadyClock.now() - start } ?? false
      }
      let isSeen = await wait(within: Self.readPatience, until: isComplete)
      isNewest = if isSeen { true } else { await waitForTakeOver(isComplete) }
    }
    if !isNewest { counters.count(.old) }
  }

  /// While the lease changes hands, this task has the newest state once it writes. A read waits as long for that as a
  /// change does, but not again soon when it waited in vain: the take-over may have met a fault.
  private func waitForTakeOver(_ isComplete: () -> Bool) async -> Bool {
    let now = SteadyClock.now()
    guard parts.lease.role.changesHands, vainWait.withLock({ $0.map { now - $0 > Self.rest } ?? true }) else {
      return false
    }
    if await wait(within: patience, until: isComplete) { return true }
    vainWait.withLock { $0 = SteadyClock.now() }
    return false
  }

  /// The time in which no further read waits for a take-over, after one waited in vain.
  private static let rest = Duration.seconds(30)

  func waitToShow(_ sequence: UInt64) async -> Snapshot? {
    let safe = await parts.journal.waitToShow(sequence)
    if safe != nil { counters.count(.early) }
    return safe
  }

  func waitLongToShow(_ sequence: UInt64) async -> Bool { await parts.journal.waitLongToShow(sequence) }
}

extension LeaseRole {
  /// Whether this task is about to write, or may be: it took the lease, or nobody has it.
  var changesHands: Bool {
    switch self {
    case .holding: true
    case .standby(let record): record?.isReleased == true
    case .unknown, .ended: false
    }
  }
}
