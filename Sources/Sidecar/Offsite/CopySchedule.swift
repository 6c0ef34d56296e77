import JSON

/// Decides which dump is copied to S3 next, and when. A value without a clock.
struct CopySchedule: Sendable {
  /// The next action.
  enum Next: Sendable {
    case copy(KnownDump)
    /// The last copy failed, or could not be begun, and the next one waits.
    case pause(until: Duration)
    /// There is nothing to copy until a dump is offered.
    case idle
  }

  private var offered: KnownDump?
  private var notBefore = Duration.zero
  private var pause = Self.firstPause

  /// The time between two looks at a role that is unknown.
  private static let rolePause = Duration.seconds(1)
  private static let firstPause = RetryPause(first: .seconds(2), longest: .seconds(300))

  /// Takes in the dumps of the volume, newest first. The newest verified one is copied next. An older one that was
  /// offered before is not copied any more.
  ///
  /// - Returns: whether there is a verified one.
  mutating func offer(_ dumps: [KnownDump]) -> Bool {
    guard let newest = dumps.first(where: \.isGood) else { return false }
    offered = newest
    return true
  }

  /// Tells what is to be done now.
  func next(at now: Duration) -> Next {
    guard now >= notBefore else { return .pause(until: notBefore) }
    return offered.map { .copy($0) } ?? .idle
  }

  /// Takes in that a dump is in S3.
  mutating func copied(_ dump: KnownDump) {
    if offered?.name.hasSameBytes(as: dump.name) == true { offered = nil }
  }

  /// Takes in that this task does not make the copies in its present role.
  ///
  /// A role that is only unknown, as when the lease can't be read just now, may be the same as before. The dump stays
  /// offered then, and the role is looked at again after a pause. After any other role, a dump is offered when this
  /// task is the writer again.
  mutating func withhold(in role: VolumeRole, at now: Duration) {
    if case .unknown = role { notBefore = now + Self.rolePause } else { offered = nil }
  }

  /// Takes in that no copies may be made for a time. The dump stays offered.
  mutating func hold(for pause: Duration, at now: Duration) { notBefore = now + pause }

  /// Takes in that nothing is wrong any more.
  mutating func succeeded() { pause = Self.firstPause }

  /// Takes in that a copy failed. It is tried again, later and later.
  ///
  /// - Parameter generator: the chance in the length of pauses.
  /// - Returns: the time until the next copy.
  mutating func failed(at now: Duration, using generator: inout some RandomNumberGenerator) -> Duration {
    let wait = pause.next(using: &generator)
    notBefore = now + wait
    return wait
  }
}
