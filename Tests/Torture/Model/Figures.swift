/// How near a round came to what the judge grants: for those who set these limits, or read why a slow machine broke one.
package struct Figures: Sendable, Equatable {
  /// The longest that a process which was not frozen left a probe without an answer, in seconds.
  package var slowestAnswer = 0.0
  /// The longest stop, from its last disturbance on, in seconds.
  package var slowestStop = 0.0
  /// For how long the machine had no time for anybody, in seconds.
  package var stalled = 0.0

  package init() {}

  package func worst(_ other: Figures) -> Figures {
    var worst = self
    worst.slowestAnswer = max(slowestAnswer, other.slowestAnswer)
    worst.slowestStop = max(slowestStop, other.slowestStop)
    worst.stalled = max(stalled, other.stalled)
    return worst
  }
}
