/// The sidecar's commands.
enum SidecarCommand: String, CaseIterable, Sendable {
  case run
  case drain
  case prune
  case verify
  case list
  case health
  case receipt
  case fetch

  /// The command where the command line names none.
  static let standard = SidecarCommand.run

  /// The name in the list of subcommands.
  var title: String { self == Self.standard ? "\(rawValue) (default)" : rawValue }

  /// The effect, in a sentence.
  var help: String {
    switch self {
    case .run: "Watch the gateway and its dumps. SIGTERM, SIGINT or SIGQUIT drains and ends."
    case .drain: "Drain once, now: ask the gateway for a dump, verify it, write the receipt."
    case .prune: "Remove the dumps that no rule keeps."
    case .verify: "Authenticate every byte of dumps. Exit code 65 when one does not open, 74 when one can't be read."
    case .list: "List the dumps, newest first, with what the retention rules decide on each."
    case .health: "Say whether the dumps are healthy, by the exit code: 0 or 1. For health checks of containers."
    case .receipt: "Show the newest drain receipt."
    case .fetch: "Bring a dump back from S3 and verify it."
    }
  }

  /// Whether it runs until it is told to end, or until a drain is done. Its log is on standard output, and signals do
  /// not simply end it.
  var isLasting: Bool { self == .run || self == .drain }

  /// Options without a value that it takes.
  var switches: [Switch] {
    switch self {
    case .run, .drain: []
    case .prune: [.dryRun, .json, .acceptShrunk, .removeDamaged]
    case .health: [.json, .watching]
    case .verify, .list, .receipt, .fetch: [.json]
    }
  }

  /// The arguments behind its name.
  var operands: Operands {
    switch self {
    case .verify: Operands(name: "files", help: "The dumps' files. Without any: all of the directory.", maximum: .max)
    case .fetch: Operands(name: "name", help: "The dump's name. Without one: the newest.", maximum: 1)
    default: Operands(name: "", help: "", maximum: 0)
    }
  }

  /// Arguments that are no options.
  struct Operands: Sendable {
    /// The word that stands for them in help.
    let name: String
    let help: String
    let maximum: Int

    var isEmpty: Bool { maximum == 0 }

    /// How they stand in the line of usage.
    var usage: [String] { isEmpty ? [] : ["[<\(name)>\(maximum > 1 ? " ..." : "")]"] }

    /// Their row in help.
    var rows: [(name: String, meaning: String)] { [("<\(name)>", help)] }
  }

  /// An option without a value.
  enum Switch: String, Sendable {
    case json = "--json"
    case dryRun = "--dry-run"
    case acceptShrunk = "--accept-shrunk"
    case removeDamaged = "--remove-damaged"
    case watching = "--watching"

    /// The effect, in a sentence.
    var help: String {
      switch self {
      case .json: "Print one JSON object."
      case .dryRun: "Remove nothing; show each dump with its reasons."
      case .watching: "Check only whether the sidecar itself runs, and not the dumps and the volume."
      case .removeDamaged: "Remove also what is damaged or does not open, if a newer verified dump is there."
      case .acceptShrunk: "Accept the newest dump although it shrank by more than half."
      }
    }
  }
}
