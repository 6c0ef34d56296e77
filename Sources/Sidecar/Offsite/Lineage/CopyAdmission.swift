/// Decides whether copies may be made, from looks at S3. A value without a clock.
///
/// A copy that the volume does not know may have been made by the sidecar of another task a moment ago, while this
/// volume still lists the names of before. EFS does so for up to a minute. So nothing is copied for that time, and only
/// then counts the copy as one of another history.
struct CopyAdmission: Sendable {
  /// The present decision.
  enum State: Sendable, Equatable {
    /// S3 was not looked at.
    case unchecked
    /// Copies may be made.
    case open
    /// S3 has a copy that the volume does not know, for a short time.
    case waiting(since: Duration)
    /// S3 has a copy of another history.
    case refused
  }

  /// The beginning or the end of a refusal.
  enum Change: Sendable, Equatable {
    case began
    case ended
  }

  private(set) var state = State.unchecked

  /// How long a volume may lack files that S3 has.
  static let patience = Duration.seconds(90)

  /// Takes in a look at S3.
  ///
  /// - Parameter isOwn: whether all copies are of this volume's history.
  mutating func looked(isOwn: Bool, at now: Duration) -> Change? {
    switch state {
    case .refused where isOwn:
      state = .open
      return .ended
    case .refused: return nil
    case _ where isOwn: state = .open
    case .waiting(let since):
      guard now - since >= Self.patience else { return nil }
      state = .refused
      return .began
    case .unchecked, .open: state = .waiting(since: now)
    }
    return nil
  }

  /// Has S3 looked at again before the next copy.
  mutating func recheck() { if state == .open { state = .unchecked } }

  /// Begins anew, as this task does not make the copies any more. Another one may make some meanwhile.
  mutating func forget() { state = .unchecked }

  /// The time until the next look.
  var pause: Duration { state == .refused ? .seconds(60) : .seconds(10) }
}
