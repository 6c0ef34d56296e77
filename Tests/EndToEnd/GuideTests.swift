import Foundation
import Glibc
import TestSupport
import Testing

/// A stack as compose runs it, whose containers are processes. `Fixtures/ComposeStandIn` has its commands.
private struct StandInStack {
  let root: URL
  private let reserved: RefusingPort

  private static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Makes the directories, and `compose/.env` as `scripts/compose-up` does.
  ///
  /// - Parameter keepJournal: `KEEP_JOURNAL`. The standard would keep every dump of a test in the directory.
  init(in directory: URL, keepJournal: String = "0") throws {
    root = directory.appending(path: "stack")
    let standIn = Self.repository.appending(path: "Tests/EndToEnd/Fixtures/ComposeStandIn")
    try FileManager.default.copyItem(at: standIn, to: root)
    try FileManager.default.createDirectory(
      at: root.appending(path: "compose/generated"), withIntermediateDirectories: true)
    reserved = try RefusingPort()
    let environment = root.appending(path: "compose/.env")
    let settings = "PORT=\(reserved.port)\nKEEP_LAST=3\nKEEP_JOURNAL=\(keepJournal)\nLOGIN_IP_RATE_LIMIT=100000\n"
    try Data(settings.utf8).write(to: environment)
    let maker = Self.repository.appending(path: "scripts/make-env").path()
    #expect(try run("\(maker) compose/.env").status == 0)
  }

  /// The command blocks of a page that apply to a laptop, in their order. Headings with one of the words below are of
  /// other places.
  ///
  /// - Parameter isWanted: whether the blocks of a section are wanted, by its heading and those above it.
  static func commands(of page: String, where isWanted: ([Substring]) -> Bool = { _ in true }) throws -> String {
    let elsewhere = /ECS|S3|EFS|AWS|Set the names|Choose a way in|Read the password|Run one command|without a shell/
    let text = try String(contentsOf: repository.appending(path: "docs/operate/\(page)"), encoding: .utf8)
    var headings: [(level: Int, text: Substring)] = []
    var commands = ""
    var language: Substring?
    var indentation = 0
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if let fence = line.wholeMatch(of: /( *)```(.*)/)?.output {
        (language, indentation) = (language == nil ? fence.2 : nil, fence.1.count)
      } else if let language {
        if language == "sh", !headings.contains(where: { $0.text.contains(elsewhere) }), isWanted(headings.map(\.text))
        {
          commands += line.dropFirst(indentation) + "\n"
        }
      } else if let heading = line.wholeMatch(of: /(#+) (.+)/)?.output {
        headings.removeAll { $0.level >= heading.1.count }
        headings.append((heading.1.count, heading.2))
      }
    }
    return commands
  }

  /// Runs commands in the root of the stack. The first that fails ends them.
  func run(_ commands: String, input: String = "") throws -> (status: Int32, output: String) {
    let files = (input: root.appending(path: "input"), output: root.appending(path: "output"))
    try Data(input.utf8).write(to: files.input)
    try Data().write(to: files.output)
    let programs = ProgramProcess.executable("gatehouse").deletingLastPathComponent().path()
    let shell = ChildProcess()
    shell.executableURL = URL(filePath: "/usr/bin/env")
    shell.arguments = ["bash", "-euo", "pipefail", "-c", commands]
    shell.currentDirectoryURL = root
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    shell.environment = ["PATH": "\(root.path())/bin:\(programs):\(path)"]
    shell.standardInput = try FileHandle(forReadingFrom: files.input)
    shell.standardOutput = try FileHandle(forWritingTo: files.output)
    shell.standardError = shell.standardOutput
    try shell.run()
    #expect(eventually(within: .seconds(600)) { shell.isRunning ? nil : true } == true)
    if shell.isRunning { kill(shell.processIdentifier, SIGKILL) }
    shell.waitUntilExit()
    return (shell.terminationStatus, try String(contentsOf: files.output, encoding: .utf8))
  }

  /// The value of a setting.
  func setting(_ name: String) throws -> String {
    let text = try String(contentsOf: root.appending(path: "compose/.env"), encoding: .utf8)
    let line = text.split(separator: "\n").last { $0.hasPrefix("\(name)=") }
    return String(try #require(line).dropFirst(name.count + 1))
  }

  /// Ends the processes that are left.
  func end() {
    for name in ["gatehouse-sidecar", "gatehouse"] {
      let file = root.appending(path: "run/\(name).pid")
      guard let id = (try? String(contentsOf: file, encoding: .utf8)).flatMap({ Int32($0.dropLast()) }) else {
        continue
      }
      kill(id, SIGKILL)
    }
  }
}

@Suite("The commands of the guides, from top to bottom,", .serialized)
struct GuideTests {
  /// Runs the commands of a page after those of the page that it begins with.
  private func follow(
    _ page: String, where isWanted: ([Substring]) -> Bool = { _ in true },
    input: (StandInStack) throws -> String = { _ in "" }, before: String = "", after: String = "",
    _ check: (StandInStack, _ output: String) throws -> Void
  ) async throws {
    try await withTemporaryDirectory { (directory: URL) async throws in
      let stack = try StandInStack(in: directory)
      defer { stack.end() }
      let connecting = try StandInStack.commands(of: "connect.md")
      let guide = try StandInStack.commands(of: page, where: isWanted)
      let commands = ["scripts/compose-up", connecting, before, guide, after].joined(separator: "\n")
      let result = try stack.run(commands, input: try input(stack))
      try #require(result.status == 0, "\(result.output)")
      #expect(!result.output.contains("error_code"), "\(result.output)")
      try check(stack, result.output)
    }
  }

  @Test("restore older dumps, from the directory and from the trash, and rehearse it")
  func restore() async throws {
    let before = """
      user() { as "$url/platform/user" -d "{\\"username\\": \\"$1\\", \\"email\\": \\"$1@example.com\\", \\
        \\"password\\": \\"Example-Passw0rd!x\\", \\"role\\": \\"admin\\", \\"groups\\": [\\"ALL\\"]}"; }
      for name in first second third fourth; do user $name; as -X POST "$url/platform/memory/dump"; done
      until ls generated/trash/*.bin; do sleep 0.05; done
      """
    let after = #"""
      as "$url/platform/user/all"; echo; inside gatehouse dump list; inside gatehouse-sidecar receipt
      users() { inside gatehouse dump inspect "$1" | sed -n 's/^  users  */users: /p'; }
      users "generated/trash/$pruned"
      users "$(inside gatehouse dump list | sed -n '2s/ .*//p')"
      """#
    try await follow(
      "restore.md", where: { !$0.contains("Undo a mistake") },
      input: { try $0.setting("MEM_ENCRYPTION_KEY") + "\n" }, before: before, after: after
    ) { (stack: StandInStack, output: String) throws in
      #expect(output.matches(of: /"response":\{"version":1,"created_at":/).count == 2, "\(output)")
      #expect(output.matches(of: /loads +\S/).count == 2, "\(output)")
      #expect(!output.contains("BAD  "), "\(output)")
      #expect(names(in: stack.root.appending(path: "compose/generated/aside")).count { $0.hasSuffix(".bin") } == 1)
      #expect(!names(in: stack.root.appending(path: "compose/generated")).contains("drill"))
      // The state that was restored last came from the trash. Its users depend on how far the sidecar had pruned.
      let users = output.split(separator: "\n").filter { $0.hasPrefix("users: ") }
      #expect(users.count == 2 && users.first == users.last, "\(output)")
      let restored = try #require(output.split(separator: "\n").last { $0.hasPrefix(#"{"users":"#) })
      #expect(restored.contains(#""username":"admin""#), "\(restored)")
    }
  }

  /// The time of the last change before the group was removed, as the output of `journal inspect` shows both.
  private func timeBeforeRemoval(in output: String) throws -> String {
    let lines = output.split(separator: "\n")
    let removal = try #require(lines.lastIndex(of: "  removed  groups  partners"), "\(output)")
    let times = lines[..<removal].compactMap { line in
      line.wholeMatch(of: /[0-9]+-[0-9]+\.[0-9]+  (\S+)  by .+/)?.output.1
    }
    return String(try #require(times.dropLast().last, "\(output)"))
  }

  @Test("undo a mistake with two commands while the gateway runs, and while it is stopped")
  func undo() async throws {
    let connecting = try StandInStack.commands(of: "connect.md")
    let steps = try StandInStack.commands(of: "restore.md") { $0.last == "Undo a mistake" }.split(separator: "\n")
    try #require(steps.count == 2, "\(steps)")
    let stopped = try StandInStack.commands(of: "restore.md") {
      $0.last == "Undo a mistake while the gateway is stopped"
    }
    let group = #"group() { as -X "$1" "$url/platform/group$2" -d "{\"group_name\": \"partners\"}"; echo; }"#
    let (mistake, show) = ("group DELETE /partners", #"as "$url/platform/group/all"; echo"#)
    try await withTemporaryDirectory { (directory: URL) async throws in
      let stack = try StandInStack(in: directory, keepJournal: "1w")
      defer { stack.end() }
      let before = ["scripts/compose-up", connecting, group, "group POST ''", mistake, String(steps[0])]
      let found = try stack.run(before.joined(separator: "\n"))
      try #require(found.status == 0, "\(found.output)")
      let time = try timeBeforeRemoval(in: found.output)
      // The time of the page's example gives way to the one that the first command has shown.
      let after = [connecting, group, String(steps[1]), show, mistake, show, stopped, show].map {
        $0.replacing("2026-11-29T13:58:12.553961Z", with: time)
      }
      let result = try stack.run(after.joined(separator: "\n"))
      try #require(result.status == 0, "\(result.output)")
      let output = result.output
      #expect(!found.output.contains("error_code") && !output.contains("error_code"), "\(found.output)\(output)")
      #expect(output.contains(#""at":"\#(time)","sequence":""#), "\(output)")
      #expect(output.contains(/restored  [0-9.-]+  [0-9]+ documents/), "\(output)")
      #expect(output.contains(/to undo   gatehouse dump restore --sequence [0-9]+-[0-9]+/), "\(output)")
      // It is back right after the request, gone by the same mistake, and back by the command without a gateway.
      let states = output.split(separator: "\n").filter { $0.hasPrefix(#"{"groups":"#) }
      #expect(states.map { $0.contains(#""group_name":"partners""#) } == [true, false, true], "\(output)")
    }
  }

  @Test("export the state of a running gateway, and import what an older state lacks")
  func rescue() async throws {
    let commands = try StandInStack.commands(of: "rescue.md")
    let importing = try #require(commands.range(of: "umask 077\nsend() {")).lowerBound
    let objects = #"""
      send() { as "$url/platform/$1" -d "$2"; echo; }
      as -X POST "$url/platform/memory/dump"; echo
      older=$(inside gatehouse dump list | sed -n '2s/ .*//p')
      send user '{"username": "alice", "email": "alice@example.com", "password": "Example-Passw0rd!x", "role": "admin",
        "groups": ["ALL"]}'
      send api '{"api_name": "orders", "api_version": "v1", "api_allowed_groups": ["ALL"], "api_type": "REST",
        "api_servers": ["http://10.0.0.7:8080"]}'
      send endpoint '{"api_name": "orders", "api_version": "v1", "endpoint_method": "GET", "endpoint_uri": "/list",
        "endpoint_description": "all"}'
      send subscription/subscribe '{"username": "alice", "api_name": "orders", "api_version": "v1"}'
      set +e
      """#
    let restore = #"as -X POST "$url/platform/memory/restore" -d "{\"path\": \"$older\"}"; echo; echo importing"#
    try await withTemporaryDirectory { (directory: URL) async throws in
      let stack = try StandInStack(in: directory)
      defer { stack.end() }
      let parts = [
        "scripts/compose-up", try StandInStack.commands(of: "connect.md"), objects, String(commands[..<importing]),
        restore,
        String(commands[importing...]), "true",
      ]
      let result = try stack.run(parts.joined(separator: "\n"))
      #expect(result.status == 0, "\(result.output)")
      let halves = result.output.split(separator: "importing\n", maxSplits: 1)
      try #require(halves.count == 2, "\(result.output)")
      #expect(!halves[0].contains("error_code"), "\(halves[0])")
      // Only what the older state has is refused; the rest is created, and both exports agree but for new identifiers.
      #expect(halves[1].contains("user: USR001"), "\(halves[1])")
      #expect(!halves[1].contains(/(api|endpoint|subscription.*): [A-Z]{3}/), "\(halves[1])")
      let directory = stack.root.appending(path: "compose")
      for name in ["users", "subscriptions", "roles", "groups"] {
        let exports = try ["rescued", "present"].map {
          try String(contentsOf: directory.appending(path: "\($0)/\(name)"), encoding: .utf8)
        }
        #expect(exports[0] == exports[1] && !exports[0].isEmpty, "\(name): \(exports)")
      }
      let passwords = try String(contentsOf: directory.appending(path: "rescued/passwords"), encoding: .utf8)
      #expect(passwords.hasPrefix("alice Aa1-"), "\(passwords)")
    }
  }

  private static let withoutStop: Substring = "Change the encryption key without a stop"

  @Test("change every secret, and each takes effect")
  func rotation() async throws {
    var old: [String: String] = [:]
    let secrets = ["MEM_ENCRYPTION_KEY", "SIDECAR_PASSWORD", "DOORMAN_ADMIN_PASSWORD"]
    let connecting = try StandInStack.commands(of: "connect.md")
    let login = connecting[try #require(connecting.range(of: "token=")).lowerBound...]
    let after = """
      password=$(sed -n 's/^DOORMAN_ADMIN_PASSWORD=//p' .env)
      \(login)
      """
    try await follow(
      "rotate-secrets.md", where: { !$0.contains(Self.withoutStop) },
      input: { (stack: StandInStack) throws in
        for name in secrets { old[name] = try stack.setting(name) }
        return ""
      }, after: after
    ) { (stack: StandInStack, output: String) throws in
      for name in secrets { #expect(try stack.setting(name) != old[name], "\(name)") }
      #expect(output.contains(/good .*\n(.*\n)*BAD .*\n(.*\n)*exit code 65/), "\(output)")
      #expect(output.contains(#"{"username":"admin""#), "\(output)")
      #expect(output.contains("drained in "), "\(output)")
      #expect(output.matches(of: /"status":"ready"/).count == 2, "\(output)")
      #expect(try stack.setting("MEM_ENCRYPTION_KEYS_OLD").isEmpty)
    }
  }

  @Test("change the encryption key without a stop")
  func rotationWithoutStop() async throws {
    let guide = try StandInStack.commands(of: "rotate-secrets.md") { $0.contains(Self.withoutStop) }
    try #require(guide.contains("secrets/encryption-key"))
    try await withTemporaryDirectory { (directory: URL) async throws in
      let stack = try StandInStack(in: directory)
      defer { stack.end() }
      let old = try stack.setting("MEM_ENCRYPTION_KEY")
      // The service and its sidecar are the same processes before and after.
      let parts = [
        "scripts/compose-up", try StandInStack.commands(of: "connect.md"), guide,
        "for _ in $(seq 600); do grep -q 'another key is in force' ../run/gatehouse-sidecar.log && break",
        "sleep 0.1; done",
        #"as "$url/platform/user/me"; echo; inside gatehouse dump verify; cd ..; cat run/*.log"#,
      ]
      let result = try stack.run(parts.joined(separator: "\n"))
      try #require(result.status == 0, "\(result.output)")
      let key = try String(contentsOf: stack.root.appending(path: "compose/secrets/encryption-key"), encoding: .utf8)
      #expect(key.utf8.count == 48 && key != old)
      #expect(result.output.contains("rekeyed ") && result.output.contains("the present key decrypts all"))
      #expect(result.output.contains(#"{"username":"admin""#), "\(result.output)")
      #expect(result.output.matches(of: /another key is in force/).count == 2, "\(result.output)")
      #expect(!result.output.contains("BAD  ") && !result.output.contains("does not verify"), "\(result.output)")
    }
  }
}
