/// What the program can be told to do.
enum SidecarCommand: String, CaseIterable, Sendable {
  case run
  case drain
  case prune
  case verify
  case list
  case health
  case receipt
  case fetch

  var help: String {
    switch self {
    case .run: "watch the service and its dumps; SIGTERM, SIGINT or SIGQUIT drains and ends (the default)"
    case .drain: "drain once, now: ask the service for a dump, verify it, write the receipt"
    case .prune: "remove the dumps that no rule keeps"
    case .verify: "authenticate every byte of dumps; all of the directory when none is named"
    case .list: "list the dumps, newest first, with what the retention rules make of each"
    case .health: "say whether the dumps are well, by the exit code; for the ECS health check"
    case .receipt: "show the newest drain receipt"
    case .fetch: "bring a dump back from S3 and verify it; the newest when none is named"
    }
  }

  /// Whether it stays until it is told to end, or until a drain is done: its log is on standard output, and signals do not
  /// simply end it.
  var isLasting: Bool { self == .run || self == .drain }

  /// Flags without a value that it takes.
  var switches: [Switch] {
    switch self {
    case .run, .drain: []
    case .prune: [.dryRun, .json, .acceptShrunk, .removeDamaged]
    case .health: [.json, .watching]
    case .verify, .list, .receipt, .fetch: [.json]
    }
  }

  /// What stands behind its name in `--help`, and how many may stand there.
  var operands: (placeholder: String, maximum: Int) {
    switch self {
    case .verify: ("[FILE…]", .max)
    case .fetch: ("[NAME]", 1)
    default: ("", 0)
    }
  }

  enum Switch: String, Sendable {
    case json = "--json"
    case dryRun = "--dry-run"
    case acceptShrunk = "--accept-shrunk"
    case removeDamaged = "--remove-damaged"
    case watching = "--watching"

    var help: String {
      switch self {
      case .json: "print one JSON object"
      case .dryRun: "remove nothing, show each dump with its reasons"
      case .watching: "say only whether the sidecar itself goes on, not how dumps and volume are"
      case .removeDamaged: "remove also what is damaged or does not open, if a newer verified dump is there"
      case .acceptShrunk: "take the newest dump as it should be, although it shrank by more than half"
      }
    }
  }
}
