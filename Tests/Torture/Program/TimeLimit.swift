/// The time within which a command begins further work.
struct TimeLimit {
  private let end: ContinuousClock.Instant?

  /// Begins now.
  ///
  /// - Parameter minutes: the limit, or `nil` for none.
  init(minutes: Double?) { end = minutes.map { ContinuousClock.now + .seconds($0 * 60) } }

  var isOver: Bool { end.map { ContinuousClock.now >= $0 } ?? false }
}
