import ArgumentParser
import FoundationEssentials
import GatehouseServer
import Settings

/// The program's command line.
struct GatehouseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gatehouse",
    abstract: "An API gateway that keeps its state in memory and saves it as encrypted dumps.",
    discussion: """
      Without a subcommand the gateway starts. `gatehouse config check` shows the settings in effect.

      Settings, each an environment variable; a secret can also come from the file that NAME_FILE names:
      \(Configuration.settings.descriptions.map(\.help).joined(separator: "\n"))

      Signals: SIGTERM, SIGINT and SIGQUIT write a dump and stop; a second one does not wait for requests in flight, a third \
      one at least a second later ends at once. SIGUSR1 writes a dump and goes on. SIGHUP reads the files of the certificate \
      and of the encryption keys again. No other signal does anything.

      exit codes:
      \(HelpText.table(exitCodes, column: 6))
      """,
    version: Version.number,
    subcommands: [Serve.self, Health.self, Dump.self, Journal.self, Config.self],
    defaultSubcommand: Serve.self)
}

extension GatehouseCommand {
  /// Those of the program, and the one of swift-argument-parser for wrong arguments.
  private static var exitCodes: [(name: String, meaning: String)] {
    let codes = ExitCode.allCases.map { ($0.rawValue, $0.meaning) } + [(64, "wrong arguments")]
    return codes.sorted { $0.0 < $1.0 }.map { ("\($0.0)", $0.1) }
  }
}

/// `gatehouse serve`, also without a subcommand.
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Start the gateway (the default).")

  func run() throws {
    start()
  }

  func start() -> Never {
    Program.serve(ProcessEnvironment.environment)
  }
}
