import ArgumentParser
import GatehouseServer
import Settings

/// `gatehouse health`.
struct Health: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "health",
    abstract:
      "Say whether the gateway on this host is ready, by the exit code: 0 or 1. For health checks of containers.",
    discussion: "It sends a request to the address of HOST and PORT and ends within 4 seconds.")

  /// Seconds that a health check of ECS or Docker may take.
  static let limit: UInt32 = 5

  func run() async throws {
    await Program.health(ProcessEnvironment.environment)
  }
}
