import ArgumentParser
import GatehouseServer
import Settings

extension Dump {
  struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write the state of a moment as the newest dump, while no gateway runs.",
      discussion: """
        No file is changed or removed. It refuses with exit code 75 while a gateway holds the lease; use \
        POST /platform/memory/restore then.
        """)

    @Option(help: "A time of RFC 3339: the state behind the last change up to it.")
    var at: String?

    @Option(help: "A dump as 3-17, or a commit of its journal as 3-17.204.")
    var sequence: String?

    func validate() throws {
      do {
        _ = try RestoreCommand(at: at, sequence: sequence)
      } catch {
        throw ValidationError("\(error)")
      }
    }

    func run() async throws {
      try await RestoreCommand(at: at, sequence: sequence).run(ProcessEnvironment.environment)
    }
  }
}
