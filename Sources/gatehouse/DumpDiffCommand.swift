import ArgumentParser
import GatehouseServer
import Settings

extension Dump {
  /// `gatehouse dump diff`.
  struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show which documents differ between two states, without secrets. Exit code 1 when some do.")

    @Argument(help: "A dump's file, or a moment: @TIME, @SEQUENCE, FILE@TIME or FILE@SEQUENCE.")
    var from: String

    @Argument(help: "The state to compare it with, in the same form.")
    var to: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
      try DumpCommands(ProcessEnvironment.environment).difference(from: from, to: to, json: json)
    }
  }
}
