import Settings

/// The text of `--help`, in the layout of swift-argument-parser, which the gateway's commands have.
enum Help {
  private static let program = "gatehouse-sidecar"

  /// - Parameter command: `nil` for the program.
  static func text(of command: SidecarCommand? = nil) -> String {
    guard let command else { return overview }
    let sections =
      [
        HelpText.indented("OVERVIEW: \(command.help)", by: 0), "USAGE: \(usage(of: command))",
        command.operands.isEmpty ? nil : "ARGUMENTS:\n" + HelpText.table(command.operands.rows),
        "OPTIONS:\n" + HelpText.table(command.switches.map { ($0.rawValue, $0.help) } + general),
      ].compactMap(\.self)
    return sections.joined(separator: "\n\n")
      + "\n\n  Settings are options, too. See '\(program) --help' for all of them."
  }

  /// One line: the command with what it takes.
  static func usage(of command: SidecarCommand) -> String {
    ([program, command.rawValue] + command.operands.usage + command.switches.map { "[\($0.rawValue)]" })
      .joined(separator: " ")
  }

  /// Options of every command.
  private static let general = [("--version", "Show the version."), ("-h, --help", "Show help information.")]

  private static var overview: String {
    """
    OVERVIEW: Keeps the dumps of a gateway safe: drains, verifies, prunes and copies them.

    Without a subcommand the sidecar runs beside the gateway until a signal ends it.

    Settings, each an option and an environment variable; the option wins. A secret
    has no option, but the file that holds it has:
    \(settings)

    Retention rules add up: a dump that any --keep-… keeps stays, then the caps
    apply. A rule or cap of 0 is off. The newest good dump always stays, and no dump
    is removed before a newer one is verified. Only dumps named as --dump-path says
    are touched.

    Signals: SIGTERM, SIGINT and SIGQUIT drain and end; a second one, at least
    250 ms later, ends the drain at once. No other signal does anything.

    exit codes:
    \(HelpText.table(SidecarExit.allCases.map { ("\($0.rawValue)", $0.meaning) }, column: 6))

    USAGE: \(program) <subcommand>

    OPTIONS:
    \(HelpText.table(general))

    SUBCOMMANDS:
    \(HelpText.table(SidecarCommand.allCases.map { ($0.title, $0.help) }))

      See '\(program) help <subcommand>' for detailed help.
    """
  }

  private static var settings: String {
    SidecarConfiguration.settings.descriptions.compactMap(\.helpWithFlag).joined(separator: "\n")
  }
}
