package import Foundation
import Glibc
package import JSON

/// The real sidecar as a separate process.
package enum SidecarProcess {
  /// The username of the sidecar's account.
  package static let username = "sidecar"
  /// The password of the sidecar's account.
  package static let password = "a-password-of-the-sidecar"

  /// The gateway's settings that create the sidecar's account.
  package static let account = ["SIDECAR_USERNAME": username, "SIDECAR_PASSWORD": password]

  /// A minimal valid environment of the sidecar.
  package static func environment(
    dumps: URL, port: Int, _ changes: [String: String] = [:]
  ) -> [String: String] {
    [
      "SIDECAR_URL": "http://127.0.0.1:\(port)", "MEM_ENCRYPTION_KEY": GatehouseProcess.encryptionKey,
      "MEM_DUMP_PATH": dumps.appending(path: "memory_dump.bin").path(),
      // Only the rules of a test keep dumps.
      "KEEP_JOURNAL": "0",
    ].merging(account) { $1 }.merging(changes) { $1 }
  }

  /// Starts the sidecar and returns at once.
  ///
  /// - Parameter wrapper: a program that executes the program named by its first argument.
  package static func start(
    dumps: URL, port: Int = 1, _ changes: [String: String] = [:], _ arguments: [String] = [],
    output: OutputPipe? = nil, through wrapper: URL? = nil
  ) throws -> ProgramProcess {
    try ProgramProcess(
      "gatehouse-sidecar", arguments, environment: environment(dumps: dumps, port: port, changes),
      directory: dumps.deletingLastPathComponent(), through: wrapper, output: output)
  }

  /// Runs one of the sidecar's commands to its end.
  package static func run(
    _ arguments: [String], dumps: URL, port: Int = 1, _ changes: [String: String] = [:]
  ) throws -> (code: Int32, output: String) {
    let process = try start(dumps: dumps, port: port, changes, arguments)
    return (try process.waitForExit(within: .seconds(90)), process.log)
  }

  /// The newest drain receipt in a directory.
  package static func receipt(in dumps: URL) throws -> JSONObject {
    // The names are compared without their suffix. Otherwise a second receipt of the same second would sort before the
    // first.
    let receipts = names(in: dumps).filter { $0.hasPrefix("drain-") }
    guard let name = receipts.max(by: { $0.dropLast(5) < $1.dropLast(5) }) else {
      throw HTTPFailure(description: "there is no receipt among \(names(in: dumps))")
    }
    return try JSONParser().parseObject(Data(contentsOf: dumps.appending(path: name)))
  }
}
