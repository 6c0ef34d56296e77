/// How long the parts of a lease's life take.
package struct LeaseTiming: Sendable {
  /// Between two looks of a process that waits for the lease, or of a holder that could not renew it.
  package let poll: Duration
  /// Between two looks of the holder.
  package let holderPoll: Duration
  /// Between two renewals.
  package let renewal: Duration
  /// An unchanged lease is watched this long before it is taken.
  package let watch: Duration
  /// A process that takes a lease by time first writes to the volume, and then goes on watching for this long. A holder whose
  /// volume was full renews its lease meanwhile; so this is several times `poll`.
  package let proof: Duration
  /// A holder acknowledges changes for this long after a renewal; shorter than `watch`, by more than clocks differ in rate.
  package let confidence: Duration
  /// One look counts for at most this long: a process that was frozen, or hung on the volume, has not watched meanwhile.
  package let longestGap: Duration

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

  /// After a crash the next one writes within `watch` and a few looks, far less than 30 s.
  package static let standard = LeaseTiming(
    poll: .milliseconds(250), holderPoll: .seconds(1), renewal: .seconds(3), watch: .seconds(15), proof: .seconds(1),
    confidence: .seconds(10), longestGap: .seconds(1))

  /// Whether a lease that was confirmed at one moment is certainly still held at another.
  package func covers(_ confirmedAt: Duration, at now: Duration) -> Bool { now - confirmedAt < confidence }
}
