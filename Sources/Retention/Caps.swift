/// Bounds what the keep rules keep. Dumps are shown from the newest to the oldest; as the oldest go first, all after the
/// first that has no room have none either.
struct Caps {
  private let policy: RetentionPolicy
  private var count = 0
  private var bytes = 0

  init(_ policy: RetentionPolicy) {
    self.policy = policy
  }

  /// - Parameter size: bytes of the next older dump that a rule keeps.
  /// - Returns: the caps that remove it; none for the newest.
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
