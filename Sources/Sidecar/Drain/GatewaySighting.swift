/// The sidecar's last observation of its gateway.
enum GatewaySighting: String, Sendable, CaseIterable {
  /// Nothing: a command was started for the drain alone.
  case unwatched
  /// The gateway was not seen ready during the life of this sidecar, which may have begun later.
  case neverReady = "never_ready"
  /// The gateway took changes.
  case writer
  /// The gateway was ready, and another task was the writer.
  case standby
  /// The gateway took changes, and later another task was the writer.
  case deposed

  /// Takes in a check that found the gateway ready.
  mutating func see(isWriter: Bool) {
    switch (self, isWriter) {
    case (_, true): self = .writer
    case (.writer, false), (.deposed, false): self = .deposed
    case (.unwatched, false), (.neverReady, false), (.standby, false): self = .standby
    }
  }

  /// Whether the gateway was seen ready during the life of this sidecar.
  var wasReady: Bool {
    switch self {
    case .writer, .standby, .deposed: true
    case .unwatched, .neverReady: false
    }
  }

  /// Whether the gateway was seen as the writer.
  var tookChanges: Bool { self == .writer || self == .deposed }
}
