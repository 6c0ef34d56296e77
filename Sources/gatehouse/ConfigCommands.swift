import ArgumentParser
import GatehouseServer
import Settings

/// `gatehouse config …`.
struct Config: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Look at the settings.", subcommands: [Check.self])

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the settings in effect, secrets by their length only. Exit code 78 when something is wrong.")

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
      Program.checkConfiguration(ProcessEnvironment.environment, json: json)
    }
  }
}
