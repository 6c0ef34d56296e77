import ArgumentParser
import GatehouseServer
import Settings

struct Health: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "health",
    abstract:
      "Say whether the service on this host is ready, by the exit code: 0 or 1. For health checks of containers.",
    discussion: "It asks the address of HOST and PORT and comes back within 4 seconds.")

  /// Seconds. What a check by ECS or Docker may take.
  static let limit: UInt32 = 5

  func run() async throws {
    await Program.health(ProcessSurroundings.environment)
  }
}
