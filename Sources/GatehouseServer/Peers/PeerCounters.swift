import Platform
import Synchronization

/// The calls between tasks, by their results.
final class PeerCounters: Sendable {
  /// The result of a call.
  enum Result: Int, CaseIterable {
    /// This task handed a change on, and it was answered.
    case answered
    /// The other task did not take it, as it is not the one that writes.
    case refused
    /// The other task could not be reached, or was no task of the volume.
    case unreachable
    /// The connection broke off, so that nobody knows whether the change was made.
    case broken
    /// The change was made, and this task did not have it in time.
    case unread
    /// A client read a state here that may be older than that of the task that writes.
    case old
    /// A client read before the volume had the newest changes, and waited in vain. The answer does not show them.
    case early
    /// Too many changes waited.
    case busy
    /// This task answered a change of another one.
    case served
    /// A message was refused: forged, repeated, for another task, or without the key.
    case rejected
  }

  private let counts = Mutex([Int](repeating: 0, count: Result.allCases.count))

  func count(_ result: Result) { counts.withLock { $0[result.rawValue] += 1 } }

  /// The figures in the text format of Prometheus.
  ///
  /// - Parameter standbys: the tasks on standby that this task hears of.
  func text(standbys: Int) -> String {
    let counts = counts.withLock { $0 }
    let results = Result.allCases.map { ("{result=\"\($0)\"}", counts[$0.rawValue]) }
    return WriterMetrics.family(
      "gatehouse_peer_calls_total", "counter",
      "Changes handed between the tasks of a volume, by result, and reads that waited in vain.", results)
      + WriterMetrics.family(
        "gatehouse_standbys", "gauge", "The tasks on standby that this task, as the one that writes, hears of.",
        [("", standbys)])
  }
}
