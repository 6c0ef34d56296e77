import ArgumentParser
import FoundationEssentials
import GatehouseServer
import Settings

struct GatehouseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gatehouse",
    abstract: "An API gateway that keeps its state in memory and never loses it.",
    discussion: """
      Without a subcommand the gateway starts. `gatehouse config check` shows the settings in effect.

      Settings, each an environment variable; a secret can also come from the file that NAME_FILE names:
      \(Configuration.settings.descriptions.map(\.help).joined(separator: "\n"))

      Signals: SIGTERM, SIGINT and SIGQUIT write a dump and stop; a second one does not wait for calls in flight, a third \
      one at least a second later ends at once. SIGUSR1 writes a dump and goes on. No other signal does anything.
      Exit codes: 0 stopped and the last dump is safe, 1 the last dump was not written (health: not ready), 64 wrong arguments, \
      65 no dump can be loaded or no key opens the newest, 69 can't listen, 70 another task took the lease and changes are kept aside, \
      71 too few threads, descriptors or too little memory, 73 the directory of dumps can't be made or written, \
      74 the volume fails or the newest dump can't be read, 78 the environment is not in order.
      """,
    version: Version.number,
    subcommands: [Serve.self, Health.self, Dump.self, Config.self],
    defaultSubcommand: Serve.self)
}

struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Start the service (the default).")

  func run() throws {
    start()
  }

  func start() -> Never {
    Program.serve(ProcessSurroundings.environment)
  }
}
