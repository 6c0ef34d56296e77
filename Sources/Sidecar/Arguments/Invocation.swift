import Settings

/// What a command line asks for.
///
/// Read by our own few lines and not by swift-argument-parser: that brings FoundationEssentials into the binary and
/// doubles its size (docs/dependencies.md).
struct Invocation: Sendable, Equatable {
  enum Request: Sendable, Equatable {
    case command(SidecarCommand)
    case help
    case version
  }

  /// What is wrong with a command line, in a sentence.
  struct Fault: Error, Sendable, Equatable, CustomStringConvertible {
    let description: String
  }

  var request = Request.command(.run)
  var operands: [String] = []
  var switches: Set<SidecarCommand.Switch> = []
  /// Variables that flags set; they win over the environment.
  var settings: [String: String] = [:]

  /// - Parameter arguments: without the program's name.
  init(_ arguments: [String]) throws(Fault) {
    var command: SidecarCommand?
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "--help", "-h", "help":
        self.request = .help
        return
      case "--version":
        self.request = .version
        return
      case _ where argument.hasPrefix("--"):
        try takeFlag(argument, &rest)
      case _ where argument.hasPrefix("-") && argument.count > 1:
        throw Fault(description: "unknown option '\(argument)'; see gatehouse-sidecar --help")
      case _ where command == nil:
        guard let named = SidecarCommand(rawValue: argument) else {
          throw Fault(
            description:
              "unknown command '\(argument)'; there are \(SidecarCommand.allCases.map(\.rawValue).joined(separator: ", "))"
          )
        }
        command = named
      default: operands.append(argument)
      }
    }
    let chosen = command ?? .run
    request = .command(chosen)
    for flag in switches where !chosen.switches.contains(flag) {
      throw Fault(description: "'\(chosen.rawValue)' does not take \(flag.rawValue); see gatehouse-sidecar --help")
    }
    guard operands.count <= chosen.operands.maximum else {
      throw Fault(description: "'\(chosen.rawValue)' does not take '\(operands[chosen.operands.maximum])'")
    }
  }

  func has(_ flag: SidecarCommand.Switch) -> Bool { switches.contains(flag) }

  private mutating func takeFlag(_ argument: String, _ rest: inout ArraySlice<String>) throws(Fault) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    if let flag = SidecarCommand.Switch(rawValue: argument) {
      switches.insert(flag)
      return
    }
    let settings = SidecarConfiguration.settings.descriptions
    guard let setting = settings.first(where: { $0.flagName == parts[0] }) else {
      throw Fault(description: "unknown option '\(parts[0])'; see gatehouse-sidecar --help")
    }
    guard let value = parts.count > 1 ? parts[1] : rest.popFirst(), !value.isEmpty else {
      throw Fault(description: "\(parts[0]) needs a value: \(setting.placeholder)")
    }
    self.settings[setting.flagVariable] = value
  }
}
