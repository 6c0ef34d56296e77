/// What a round is about. A mix covers everything that needs little time; the others look where time matters, which a mix
/// would find too rarely.
package enum Theme: String, Codable, Sendable, CaseIterable {
  case mix
  /// Everything, for longer than a lease lasts.
  case longMix
  /// The holder sleeps through its lease, with requests in flight.
  case longFreeze
  /// The holder's view of the volume hangs for longer than its lease lasts, also amid a dump.
  case longHang
  /// The volume has no room for about as long as a lease lasts.
  case longFull
  /// A stop with requests in flight that take longer than the drain.
  case slowStop
  /// The files of the lease are removed.
  case lostFiles
  /// Many stops and kills, one after the other.
  case restarts

  /// How often it is drawn, out of their sum.
  private var weight: Int {
    switch self {
    case .mix: 8
    case .restarts: 4
    case .longMix, .longFreeze, .longHang, .longFull, .slowStop, .lostFiles: 2
    }
  }

  static func random(using generator: inout some RandomNumberGenerator) -> Theme {
    let all = allCases.flatMap { Array(repeating: $0, count: $0.weight) }
    return all.randomElement(using: &generator) ?? .mix
  }
}
