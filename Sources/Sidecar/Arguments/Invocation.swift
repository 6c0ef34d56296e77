import Settings

/// The request of a command line.
///
/// It is read by a few lines of ours and not by swift-argument-parser, which brings FoundationEssentials into the
/// binary and doubles its size (docs/develop/dependencies.md). Options, help and faults look as they do in the gateway,
/// which has swift-argument-parser; a test runs both.
struct Invocation: Sendable, Equatable {
  /// The command to run.
  enum Request: Sendable, Equatable {
    case command(SidecarCommand)
    /// `nil` for the help of the program.
    case help(SidecarCommand?)
    case version
  }

  /// The fault of a command line.
  struct Fault: Error, Sendable, Equatable, CustomStringConvertible {
    let message: String
    /// The command whose usage helps.
    let command: SidecarCommand

    /// Three lines, as swift-argument-parser writes them.
    var description: String {
      """
      Error: \(message)
      Usage: \(Help.usage(of: command))
        See 'gatehouse-sidecar \(command.rawValue) --help' for more information.
      """
    }
  }

  var request = Request.command(SidecarCommand.standard)
  var operands: [String] = []
  var switches: Set<SidecarCommand.Switch> = []
  /// Variables that options set. They win over the environment.
  var settings: [String: String] = [:]

  /// - Parameter arguments: without the program's name.
  init(_ arguments: [String]) throws(Fault) {
    if arguments.first == "help" {
      request = .help(arguments.dropFirst().first.flatMap { SidecarCommand(rawValue: $0) })
      return
    }
    var command: SidecarCommand?
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "--help", "-h":
        request = .help(command)
        return
      case "--version":
        request = .version
        return
      case _ where argument.hasPrefix("-") && argument.count > 1:
        try take(option: argument, &rest, command)
      case _ where command == nil:
        guard let named = SidecarCommand(rawValue: argument) else {
          throw Self.unexpected(argument, SidecarCommand.standard)
        }
        command = named
      default: operands.append(argument)
      }
    }
    let chosen = command ?? SidecarCommand.standard
    request = .command(chosen)
    for option in switches.map(\.rawValue).sorted() where !chosen.switches.map(\.rawValue).contains(option) {
      throw Fault(message: "Unknown option '\(option)'", command: chosen)
    }
    guard operands.count <= chosen.operands.maximum else {
      throw Self.unexpected(operands[chosen.operands.maximum], chosen)
    }
  }

  /// Whether an option without a value is given.
  func has(_ option: SidecarCommand.Switch) -> Bool { switches.contains(option) }

  private static func unexpected(_ argument: String, _ command: SidecarCommand) -> Fault {
    Fault(message: "Unexpected argument '\(argument)'", command: command)
  }

  private mutating func take(
    option argument: String, _ rest: inout ArraySlice<String>, _ command: SidecarCommand?
  ) throws(Fault) {
    let command = command ?? SidecarCommand.standard
    if let option = SidecarCommand.Switch(rawValue: argument) {
      switches.insert(option)
      return
    }
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let settings = SidecarConfiguration.settings.descriptions
    guard let setting = settings.first(where: { $0.flagName == parts[0] }), let flag = setting.flag else {
      throw Fault(message: "Unknown option '\(parts[0])'", command: command)
    }
    guard let value = parts.count > 1 ? parts[1] : rest.popFirst(), !value.isEmpty else {
      throw Fault(message: "Missing value for '\(flag)'", command: command)
    }
    self.settings[setting.flagVariable] = value
  }
}
