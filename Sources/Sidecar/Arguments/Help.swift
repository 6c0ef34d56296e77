import Settings

/// What `--help` prints: every command, every flag with its variable and default, every exit code.
enum Help {
  static var text: String {
    """
    gatehouse-sidecar keeps the dumps of a gatehouse service safe: it drains, verifies and prunes.

    usage: gatehouse-sidecar [COMMAND] [OPTIONS]

    commands:
    \(commands)

    options of commands:
    \(switches)

    settings, each with its environment variable and default (a flag wins over the environment):
    \(settings)

    Retention rules add up: what any --keep-… keeps stays, then the caps bound it. A rule or cap of 0 is off. The newest good
    dump always stays, and nothing goes while no newer verified dump is there. Only dumps named as --dump-path says are touched.

    Signals: SIGTERM, SIGINT and SIGQUIT drain and end; a second one, at least 250 ms later, ends the drain at once. No other
    signal does anything.

    exit codes:
    \(codes)
    """
  }

  private static var commands: String {
    table(SidecarCommand.allCases.map { ("\($0.rawValue) \($0.operands.placeholder)", $0.help) })
  }

  private static var switches: String {
    let all: [SidecarCommand.Switch] = [.json, .dryRun, .acceptShrunk, .removeDamaged, .watching]
    return table(
      all.map { flag in
        let takers = SidecarCommand.allCases.filter { $0.switches.contains(flag) }.map(\.rawValue)
        return (flag.rawValue, "\(flag.help) (\(takers.joined(separator: ", ")))")
      })
  }

  private static var settings: String {
    SidecarConfiguration.settings.descriptions.compactMap(\.helpWithFlag).joined(separator: "\n")
  }

  private static var codes: String {
    table(SidecarExit.allCases.map { ("\($0.rawValue)", $0.meaning) })
  }

  private static func table(_ rows: [(String, String)]) -> String {
    let width = rows.map(\.0.count).max() ?? 0
    return rows.map { "  " + $0.0 + String(repeating: " ", count: width - $0.0.count + 2) + $0.1 }
      .joined(separator: "\n")
  }
}
