/// The subject of a round. A mix covers everything that needs little time. The other themes test cases in which time
/// matters and which a mix would find too rarely.
package enum Theme: String, Codable, Sendable, CaseIterable {
  case mix
  /// Everything, for longer than the lease timeout.
  case longMix
  /// The holder is frozen beyond its lease timeout, with requests in flight.
  case longFreeze
  /// The holder's view of the volume hangs for longer than the lease timeout, also during a dump.
  case longHang
  /// The volume is full for about as long as the lease timeout.
  case longFull
  /// A stop with requests in flight that take longer than the drain.
  case slowStop
  /// The lease's files are removed.
  case lostFiles
  /// Many successive stops and kills.
  case restarts
  /// The volume of one task, or of all, hangs for a minute.
  case minuteHang
  /// Stops and kills, after which the wall clock is a day ahead or behind.
  case clockJumps

  /// The relative frequency with which the theme is drawn.
  private var weight: Int {
    switch self {
    case .mix: 8
    case .restarts: 4
    case .longMix, .longFreeze, .longHang, .longFull, .slowStop, .lostFiles: 2
    // These are played by name, and once in a run of hours.
    case .minuteHang, .clockJumps: 0
    }
  }

  /// Whether rounds without a theme may have it. A run of hours plays one round of each other theme (`LongRun`).
  package var isDrawn: Bool { weight > 0 }

  static func random(using generator: inout some RandomNumberGenerator) -> Theme {
    let all = allCases.flatMap { Array(repeating: $0, count: $0.weight) }
    return all.randomElement(using: &generator) ?? .mix
  }
}
