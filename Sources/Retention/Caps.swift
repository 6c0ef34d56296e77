/// Limits the dumps that the keep rules keep. It is asked about them from the newest to the oldest. The oldest are
/// removed first: after the first dump that exceeds a cap, all older ones exceed it too.
struct Caps {
  private let policy: RetentionPolicy
  private var count = 0
  private var bytes = 0

  init(_ policy: RetentionPolicy) {
    self.policy = policy
  }

  /// Counts the next older dump that a rule keeps.
  ///
  /// - Parameter size: the dump's size in bytes.
  /// - Returns: the caps that remove the dump. The newest dump is never removed.
  mutating func reasons(bytes size: Int) -> [RetentionReason] {
    let (sum, isBeyondAll) = bytes.addingReportingOverflow(max(0, size))
    count += 1
    bytes = isBeyondAll ? .max : sum
    guard count > 1 else { return [] }
    var reasons: [RetentionReason] = []
    if let maximum = policy.countCap, count > maximum { reasons.append(.overMaximumCount(maximum)) }
    if let maximum = policy.byteCap, isBeyondAll || bytes > maximum { reasons.append(.overMaximumBytes(maximum)) }
    return reasons
  }
}
