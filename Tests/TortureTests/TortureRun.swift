import Foundation
import TestSupport

/// Runs the torture program to its end.
func runTorture(_ arguments: [String]) async throws -> (code: Int32, output: String) {
  try await withTemporaryDirectory { (root: URL) async throws -> (code: Int32, output: String) in
    let torture = try ProgramProcess(
      "gatehouse-torture", arguments,
      environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "", "TMPDIR": root.path()], directory: root)
    let code = try torture.waitForExit(within: .seconds(600))
    return (code, torture.log)
  }
}
