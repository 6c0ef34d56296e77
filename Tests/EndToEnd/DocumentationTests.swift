import Foundation
import JSON
import TestSupport
import Testing

@Suite("The pages")
struct DocumentationTests {
  /// The first shell block of a page.
  private func shellBlock(of page: String) throws -> String {
    let block = try #require(try text(of: page).firstMatch(of: /```sh\n((?s:.*?))```/))
    return String(block.output.1)
  }

  private func text(of page: String) throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: page), encoding: .utf8)
  }

  /// The values in compose.yaml that stand for the programs' own.
  private let composeDefaults = ["MEM_AUTO_SAVE_ENABLED": "true", "MEM_AUTO_SAVE_FREQ": "300"]
  private let decidedByCompose: Set = [
    "HOST", "MEM_OR_EXTERNAL", "THREADS", "MEM_DUMP_PATH", "SIDECAR_URL", "SIDECAR_METRICS_PORT", "DRAIN_DEADLINE",
  ]

  @Test("with the settings of compose name every variable of both programs with its default, and a line on it")
  func environmentExample() async throws {
    let example = try text(of: "compose/.env.example")
    var named: [String: String] = [:]
    var isExplained = false
    for line in example.split(separator: "\n", omittingEmptySubsequences: false) {
      guard let setting = line.wholeMatch(of: /#([A-Z0-9_]+)=(.*)/)?.output else {
        isExplained = line.hasPrefix("# ")
        continue
      }
      #expect(isExplained, "\(line) has no line on it")
      #expect(named.updateValue(String(setting.2), forKey: String(setting.1)) == nil, "\(line) is there twice")
    }
    #expect(decidedByCompose.allSatisfy { named[$0] == nil && example.contains($0) })
    try await withTemporaryDirectory { (root: URL) async throws in
      let check = try GatehouseProcess(
        dumps: root.appending(path: "g"),
        // An empty variable counts as not set.
        [
          "HOST": "", "HTTPS_ONLY": "", "LOGIN_IP_RATE_LIMIT": "", "DOORMAN_ADMIN_EMAIL": "",
          "LOCAL_HOST_IP_BYPASS": "",
        ],
        arguments: ["config", "check", "--json"])
      #expect(try check.waitForExit() == 0)
      let isUnset: Set = ["not set", "off", "none", "derived", "restrictive", "the task's own", "set by ECS"]
      let settings = try JSONParser().parseObject(Array(check.log.utf8))
      for name in settings.keys where !decidedByCompose.contains(name) && name != "PORT" {
        let standard = settings[name]?.value(at: "value")?.string ?? ""
        let expected = composeDefaults[name] ?? (isUnset.contains(standard) ? "" : standard)
        #expect(named[name] == (standard.hasPrefix("set (") ? "" : expected), "compose/.env.example: \(name)")
      }
      let help = try SidecarProcess.run(["--help"], dumps: root).output
      for match in help.matches(of: /\[([A-Z0-9_]+?)(_FILE)?; default: ([^\] ]+)/) {
        let name = String(match.output.1)
        guard !decidedByCompose.contains(name), !["SIDECAR_CACERT", "SIDECAR_TASK_PROTECTION"].contains(name) else {
          continue
        }
        let isUnset = ["off", "required", "none", "AWS's"].contains(match.output.3)
        #expect(named[name] == (isUnset ? "" : String(match.output.3)), "\(name)")
      }
      #expect(named["PORT"] == "5001")
    }
  }

  @Test("show commands of the sidecar that list dumps and drain")
  func sidecar() async throws {
    let commands = try shellBlock(of: "docs/reference/cli.md")
    #expect(commands.split(separator: "\n").count >= 6)
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated, SidecarProcess.account) { (gatehouse: GatehouseProcess) async throws in
        let shell = ChildProcess()
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

  @Test("show commands that onboard an API")
  func onboarding() async throws {
    let page = "docs/reference/http-api.md"
    let commands = try shellBlock(of: page)
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let script = commands.replacing("http://127.0.0.1:5001", with: "http://127.0.0.1:\(gatehouse.port)")
      let shell = ChildProcess()
      shell.executableURL = URL(filePath: "/usr/bin/env")
      shell.arguments = ["bash", "-euo", "pipefail", "-c", script]
      shell.environment = ["DOORMAN_ADMIN_PASSWORD": GatehouseProcess.adminPassword, "PATH": "/usr/bin:/bin"]
      let answers = Pipe()
      shell.standardOutput = answers
      try shell.run()
      let printed = answers.fileHandleForReading.readDataToEndOfFile()
      #expect(eventually { shell.isRunning ? nil : true } == true)
      #expect(try text(of: page).contains("```text\n\(String(decoding: printed, as: UTF8.self))```"))
      #expect(shell.terminationStatus == 0)
      let token = try gatehouse.logIn()
      let subscriptions = try gatehouse.send("GET", "/platform/subscription/subscriptions/alice", token: token).json
      #expect(subscriptions.object?["apis"] == ["orders/v1"])
      let endpoints = try gatehouse.send("GET", "/platform/endpoint/orders/v1", token: token).json
      #expect(endpoints.object?["endpoints"]?.array?.count == 1)
      #expect(gatehouse.logs("dump written"))
    }
  }
}
