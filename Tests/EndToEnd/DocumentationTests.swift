import Foundation
import JSON
import TestSupport
import Testing

@Suite("The pages")
struct DocumentationTests {
  /// The first shell block of a page.
  private func shellBlock(of page: String) throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: root.appending(path: page), encoding: .utf8)
    let block = try #require(text.firstMatch(of: /```sh\n((?s:.*?))```/))
    return String(block.output.1)
  }

  @Test("look at the dumps, and drain, with the sidecar's commands that they show")
  func sidecar() async throws {
    let commands = try shellBlock(of: "docs/sidecar.md")
    #expect(commands.split(separator: "\n").count >= 6)
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated, SidecarProcess.account) { (gatehouse: GatehouseProcess) async throws in
        let shell = Process()
        shell.executableURL = URL(filePath: "/usr/bin/env")
        shell.arguments = ["bash", "-euo", "pipefail", "-c", commands]
        let programs = ProgramProcess.executable("gatehouse-sidecar").deletingLastPathComponent().path()
        shell.environment = SidecarProcess.environment(
          dumps: generated, port: gatehouse.port,
          ["PATH": "\(programs):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"])
        shell.standardOutput = FileHandle.nullDevice
        try shell.run()
        #expect(eventually { shell.isRunning ? nil : true } == true)
        #expect(shell.terminationStatus == 0)
        #expect(try SidecarProcess.receipt(in: generated)["outcome"] == "drained")
      }
    }
  }

  @Test("onboard an API with the commands that they show")
  func onboarding() async throws {
    let commands = try shellBlock(of: "docs/http-api.md")
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let script =
        commands
        .replacing("http://127.0.0.1:5001", with: "http://127.0.0.1:\(gatehouse.port)")
        .replacing(
          #""email": "admin", "password": "…""#,
          with: #""email": "admin", "password": "\#(GatehouseProcess.adminPassword)""#
        )
        .replacing(#""password": "…""#, with: #""password": "Example-Passw0rd!x""#)
      let shell = Process()
      shell.executableURL = URL(filePath: "/usr/bin/env")
      shell.arguments = ["bash", "-euo", "pipefail", "-c", script]
      shell.standardOutput = FileHandle.nullDevice
      try shell.run()
      #expect(eventually { shell.isRunning ? nil : true } == true)
      #expect(shell.terminationStatus == 0)
      let token = try gatehouse.logIn()
      let subscriptions = try gatehouse.send("GET", "/platform/subscription/subscriptions/alice", token: token).json
      #expect(subscriptions.object?["apis"] == ["orders/v1"])
      let endpoints = try gatehouse.send("GET", "/platform/endpoint/orders/v1", token: token).json
      #expect(endpoints.object?["endpoints"]?.array?.count == 1)
      #expect(gatehouse.log.contains("dump written"))
    }
  }
}
