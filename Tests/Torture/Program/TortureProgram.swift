import ArgumentParser

/// `scripts/torture` runs it.
@main
struct TortureProgram: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gatehouse-torture",
    subcommands: [
      TortureCommand.self, CrashCommand.self, FencingCommand.self, FaultsCommand.self, HistoriesCommand.self,
    ],
    defaultSubcommand: TortureCommand.self)
}
