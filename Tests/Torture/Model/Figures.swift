/// The times that a round needed, compared with what the judge allows. They help to choose these limits, and to see why
/// a slow machine exceeded one.
package struct Figures: Sendable, Equatable {
  /// The longest time, in seconds, in which a process that was not frozen did not answer a probe.
  package var slowestAnswer = 0.0
  /// The longest stop in seconds, counted from its last disturbance.
  package var slowestStop = 0.0
  /// The seconds in which the machine ran no process.
  package var stalled = 0.0

  /// Figures of a round in which nothing was measured.
  package init() {}

  /// The larger of each pair of figures.
  package func worst(_ other: Figures) -> Figures {
    var worst = self
    worst.slowestAnswer = max(slowestAnswer, other.slowestAnswer)
    worst.slowestStop = max(slowestStop, other.slowestStop)
    worst.stalled = max(stalled, other.stalled)
    return worst
  }
}
