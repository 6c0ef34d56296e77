/// The reason why a dump or a journal is kept or removed.
package enum RetentionReason: Sendable, Equatable {
  // Kept by a rule.
  case last(Int, of: Int)
  case newest(of: CalendarBucket)
  /// The dump is in the window before the newest dump.
  ///
  /// - Parameter seconds: the length of the window.
  case within(seconds: Int)
  /// Only caps are set, and the dump does not exceed them.
  case withinCaps
  /// A restore to a moment of the window before now needs it.
  ///
  /// - Parameter seconds: the length of the window.
  case pointInTime(seconds: Int)

  // Kept regardless of the rules.
  case newestGoodDump
  case noNewerVerifiedDump
  case notVerified
  case datedInTheFuture
  case damagedKeptForALook
  case unopenedKeptForItsKey
  case shrankByMoreThanHalf
  case nothingIsPruned(because: String)

  // Removed.
  case noRuleKeepsIt
  case overMaximumCount(Int)
  case overMaximumBytes(Int)
  case damagedAndOlderThanAllKept
  /// The journal's changes are in a newer verified dump, and no restore to a moment needs them.
  case coveredByNewerDump
  /// The removal of dumps that can't be verified was requested.
  case unverifiableAndAskedToGo
}

extension RetentionReason: CustomStringConvertible {
  /// The text that `prune --dry-run` prints. Programs parse it, so it does not change between versions.
  package var description: String {
    switch self {
    case .last(let position, let count): "last \(position) of \(count)"
    case .newest(let bucket): "\(bucket.unit.rule) \(bucket)"
    case .within(let seconds): "within \(Self.duration(seconds))"
    case .withinCaps: "within the caps"
    case .pointInTime(let seconds): "point in time, \(Self.duration(seconds))"
    case .newestGoodDump: "newest good dump"
    case .noNewerVerifiedDump: "no newer verified dump"
    case .notVerified: "not verified"
    case .datedInTheFuture: "dated in the future"
    case .damagedKeptForALook: "damaged, kept for a look"
    case .unopenedKeptForItsKey: "can't be decrypted, kept: it may be encrypted with another key"
    case .shrankByMoreThanHalf: "shrank by more than half"
    case .nothingIsPruned(let reason): "nothing is pruned: \(reason)"
    case .noRuleKeepsIt: "no rule keeps it"
    case .overMaximumCount(let count): "over max-count \(count)"
    case .overMaximumBytes(let bytes): "over max-bytes \(bytes)"
    case .damagedAndOlderThanAllKept: "damaged and older than all that is kept"
    case .coveredByNewerDump: "a newer verified dump has its changes"
    case .unverifiableAndAskedToGo: "does not verify, and its removal was asked for"
    }
  }

  /// Whether this is a reason to keep. All reasons of one decision agree.
  package var keeps: Bool {
    switch self {
    case .noRuleKeepsIt, .overMaximumCount, .overMaximumBytes, .damagedAndOlderThanAllKept, .coveredByNewerDump,
      .unverifiableAndAskedToGo:
      false
    default: true
    }
  }

  /// A duration in the largest unit that divides it. Up to two days it is in hours, as operators write it: `36h`,
  /// `48h`, `14d`.
  private static func duration(_ seconds: Int) -> String {
    if seconds != 0, seconds % 86_400 == 0, seconds > 2 * 86_400 { return "\(seconds / 86_400)d" }
    if seconds != 0, seconds % 3600 == 0 { return "\(seconds / 3600)h" }
    if seconds != 0, seconds % 60 == 0 { return "\(seconds / 60)m" }
    return "\(seconds)s"
  }
}
