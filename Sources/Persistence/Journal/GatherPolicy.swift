/// How long the journal's thread waits for further changes before it syncs those that it has.
///
/// Clients that one sync answered often send their next changes at once. A sync that began a moment before would make
/// them wait for nearly two. So the thread waits for as many changes as it has just answered, while that pays: after a
/// wait in vain the next syncs begin at once.
///
/// A value without a clock.
struct GatherPolicy {
  /// The longest wait, however long a sync takes.
  static let longest = Duration.milliseconds(5)
  /// The most syncs that begin at once after waits in vain.
  static let mostSkipped = 64

  /// The number of syncs that were to begin at once after the last wait in vain.
  private var skipped = 0
  /// Those of them that are still to come.
  private var remaining = 0

  /// The time to wait, counted from the answers.
  ///
  /// - Parameters:
  ///   - answered: requests that the last sync answered.
  ///   - sync: the time that it took.
  /// - Returns: `nil` when the next sync is to begin at once.
  mutating func patience(answered: Int, sync: Duration) -> Duration? {
    guard answered > 0 else { return nil }
    guard remaining == 0 else {
      remaining -= 1
      return nil
    }
    return min(sync, Self.longest)
  }

  /// Learns from a wait.
  ///
  /// - Parameter came: changes that came after the answers, until the wait was over.
  mutating func note(answered: Int, came: Int) {
    guard 2 * came < answered else { return skipped = 0 }
    skipped = min(max(1, 2 * skipped), Self.mostSkipped)
    remaining = skipped
  }
}
