/// The intervals by which a lease is read, renewed and taken.
package struct LeaseTiming: Sendable {
  /// The time between two readings of a process that waits for the lease, or of a holder that could not renew it.
  package let poll: Duration
  /// The time between two readings of the holder.
  package let holderPoll: Duration
  /// The time between two renewals.
  package let renewal: Duration
  /// The time for which a lease must be unchanged before another process takes it.
  package let watch: Duration
  /// The time for which a process continues to watch after it has written to the volume, before it takes the lease. A
  /// holder whose volume was full renews its lease meanwhile, so this is several times `poll`.
  package let proof: Duration
  /// The time for which a holder acknowledges changes after a renewal. It is shorter than `watch` by more than the
  /// rates of two clocks differ.
  package let confidence: Duration
  /// The longest time that one reading adds to a watch. A process that was frozen, or that hung on the volume, has not
  /// watched meanwhile.
  package let longestGap: Duration

  /// Creates a set of intervals.
  package init(
    poll: Duration, holderPoll: Duration, renewal: Duration, watch: Duration, proof: Duration, confidence: Duration,
    longestGap: Duration
  ) {
    self.poll = poll
    self.holderPoll = holderPoll
    self.renewal = renewal
    self.watch = watch
    self.proof = proof
    self.confidence = confidence
    self.longestGap = longestGap
  }

  /// The intervals in production. After a crash, the next process writes within `watch` and a few readings, far less
  /// than 30 s.
  package static let standard = LeaseTiming(
    poll: .milliseconds(250), holderPoll: .seconds(1), renewal: .seconds(3), watch: .seconds(15), proof: .seconds(1),
    confidence: .seconds(10), longestGap: .seconds(1))

  /// Whether a lease that was confirmed at one moment is certainly still held at another.
  package func covers(_ confirmedAt: Duration, at now: Duration) -> Bool { now - confirmedAt < confidence }
}
