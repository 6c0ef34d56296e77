import Foundation
import Glibc
import TestSupport
import Testing

/// A page that a reader follows in two terminals.
private struct Tutorial {
  enum Step: Equatable {
    /// The commands of a block, and the block of the expected output below it, if any.
    case commands(String, output: String?)
    case interrupt
  }

  let steps: [Step]

  /// The steps of a page, or of one of its sections.
  init(_ page: String, section: String? = nil) throws {
    var text = try String(contentsOf: Self.repository.appending(path: page), encoding: .utf8)
    if let section {
      let parts = text.components(separatedBy: "\n## ")
      text = try #require(parts.first { $0.hasPrefix(section) })
    }
    var steps: [Step] = []
    let pieces = text.components(separatedBy: "```")
    for (index, piece) in pieces.enumerated() {
      if index.isMultiple(of: 2) {
        if piece.contains("Press Ctrl-C in the first terminal") { steps.append(.interrupt) }
        if piece.contains("run `scripts/run` again") { steps.append(.commands("scripts/run\n", output: nil)) }
      } else if piece.hasPrefix("sh\n") {
        steps.append(.commands(String(piece.dropFirst(3)), output: nil))
      } else if piece.hasPrefix("text\n"), case .commands(let commands, output: nil) = steps.last {
        steps[steps.count - 1] = .commands(commands, output: String(piece.dropFirst(5)))
      }
    }
    self.steps = steps
  }

  static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
}

/// A clone in which `scripts/run` starts the programs that the tests were built with.
private struct Clone {
  let root: URL
  let port: Int

  init(in directory: URL) throws {
    root = directory.appending(path: "clone")
    let scripts = root.appending(path: "scripts")
    try FileManager.default.createDirectory(at: scripts, withIntermediateDirectories: true)
    let repository = Tutorial.repository
    for name in ["scripts/run", "scripts/make-env"] {
      try FileManager.default.copyItem(at: repository.appending(path: name), to: root.appending(path: name))
    }
    let programs = ProgramProcess.executable("gatehouse").deletingLastPathComponent().path()
    let run = root.appending(path: "scripts/run")
    let lines = try String(contentsOf: run, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
    let kept = lines.filter { $0 != "scripts/setup" && !$0.hasPrefix("swift build") }
      .map { $0.hasPrefix("bin=") ? "bin='\(programs)'" : String($0) }
    #expect(lines.count == kept.count + 3)
    try Data(kept.joined(separator: "\n").utf8).write(to: run)
    let probe = try GatehouseProcess(dumps: directory.appending(path: "probe"))
    try probe.waitUntilReady()
    port = probe.port
    #expect(try probe.stop() == 0)
  }

  var environment: [String: String] {
    ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "", "PORT": "\(port)"]
  }

  /// Starts `scripts/run`, and waits until it says that it is ready.
  func start() throws -> ProgramProcess {
    let terminal = try ProgramProcess(
      bash: ["scripts/run"], environment: environment, directory: root)
    let isReady = eventually(within: .seconds(60)) { terminal.log.contains("Gatehouse is ready") ? true : nil }
    #expect(isReady == true, "\(terminal.log)")
    return terminal
  }
}

@Suite("Getting started", .serialized)
struct GettingStartedTests {
  /// Follows a page. The commands of the second terminal are run by one shell.
  private func follow(_ tutorial: Tutorial) async throws -> [String] {
    try await withTemporaryDirectory { (directory: URL) async throws in
      let clone = try Clone(in: directory)
      var terminal: ProgramProcess?
      var before = ""
      var outputs: [String] = []
      for step in tutorial.steps {
        switch step {
        case .commands("scripts/run\n", _):
          if let last = terminal { _ = try last.waitForExit() }
          terminal = try clone.start()
        case .interrupt:
          terminal?.signal(SIGINT)
          #expect(try terminal?.waitForExit() == 0)
          #expect(terminal?.log.hasSuffix("stopped; the last dump is safe\n") == true, "\(terminal?.log ?? "")")
          terminal = nil
        case .commands(let commands, let expected):
          let own = commands.replacing("127.0.0.1:5001", with: "127.0.0.1:\(clone.port)")
          let shell = try ProgramProcess(
            bash: ["-euc", "exec 3>&1 >/dev/null\n\(before)exec >&3\n\(own)"], environment: clone.environment,
            directory: clone.root)
          #expect(try shell.waitForExit() == 0, "\(commands)")
          if let expected { #expect(shell.log == expected) }
          outputs.append(shell.log)
          // Later blocks use the variables and functions of the first one.
          if before.isEmpty {
            before = own.split(separator: "\n").filter { !$0.hasPrefix("as ") }.joined(separator: "\n") + "\n"
          }
        }
      }
      if let terminal {
        terminal.signal(SIGINT)
        _ = try terminal.waitForExit()
      }
      return outputs
    }
  }

  @Test("shows an API that survives a stop, and one that a crash loses, as the page says")
  func page() async throws {
    let tutorial = try Tutorial("docs/getting-started.md")
    #expect(tutorial.steps.filter { $0 == .interrupt }.count == 2)
    #expect(try await follow(tutorial).count == 4)
  }

  @Test("works from the README")
  func readme() async throws {
    let tutorial = try Tutorial("README.md", section: "Quick start")
    let outputs = try await follow(tutorial)
    #expect(outputs.count == 2)
    #expect(outputs.first?.hasPrefix(#"{"api":{"api_name":"orders""#) == true)
    #expect(outputs.last?.hasPrefix(#"{"api_name":"orders""#) == true)
  }
}
