import Foundation
import TestSupport
import Testing

/// The commands of a program, as its help or the page has them.
private struct CommandReference {
  /// Commands with their line of usage.
  var usages: [String: String] = [:]
  /// Commands with the options and arguments that they take, without those of every command.
  var options: [String: Set<String>] = [:]

  private static let general: Set = ["--version", "-h", "--help"]

  /// Reads the page: a heading for each command, below it the usage as text, and a table of options.
  init(page: String) {
    for section in page.components(separatedBy: "\n### ").dropFirst() {
      guard let command = section.firstMatch(of: /^`([^`]+)`\n/)?.output.1 else { continue }
      let end = section.firstRange(of: "\n## ")?.lowerBound ?? section.endIndex
      usages[String(command)] = section[..<end].firstMatch(of: /```text\n(.*)\n```/).map { String($0.output.1) }
      options[String(command)] = Set(section[..<end].matches(of: /(?m)^\| `([^`]+)` \|/).map { String($0.output.1) })
    }
  }

  /// Asks a program for the help of each of its commands.
  init(of program: String, help: ([String]) throws -> String) throws {
    try read([program], help)
  }

  private mutating func read(_ command: [String], _ help: ([String]) throws -> String) throws {
    let text = try help(Array(command.dropFirst()) + ["--help"])
    if let list = text.components(separatedBy: "\nSUBCOMMANDS:\n").dropFirst().first {
      for match in list.matches(of: /(?m)^  ([a-z-]+)\s/) { try read(command + [String(match.output.1)], help) }
      return
    }
    let name = command.joined(separator: " ")
    usages[name] = text.firstMatch(of: /USAGE: (.*)/).map { String($0.output.1) }
    let taken = text.matches(of: /(?m)^  (<[a-z]+>|--[a-z-]+)(?:,| )/).map { String($0.output.1) }
    options[name] = Set(taken).subtracting(Self.general)
  }

  /// The changes after which the page says what the programs do.
  func faults(against programs: Self) -> [String] {
    Set(usages.keys).union(programs.usages.keys).sorted().flatMap { command -> [String] in
      guard let usage = programs.usages[command] else { return ["no program has the command \(command)"] }
      guard usages[command] == usage else { return ["below '### `\(command)`' the usage must be: \(usage)"] }
      let (named, taken) = (options[command, default: []], programs.options[command, default: []])
      return taken.subtracting(named).sorted().map { "`\(command)` lacks this row: | `\($0)` | … |" }
        + named.subtracting(taken).sorted().map { "`\(command)` does not take \($0)" }
    }
  }
}

@Suite("The page of commands")
struct CommandReferenceTests {
  private static func page() throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: "docs/reference/cli.md"), encoding: .utf8)
  }

  private func help(_ program: String, _ root: URL) -> ([String]) throws -> String {
    { arguments in
      let process = try ProgramProcess(program, arguments, environment: [:], directory: root)
      #expect(try process.waitForExit() == 0)
      return process.log
    }
  }

  @Test("has each command of both programs with its usage and options, and no other")
  func commands() async throws {
    let page = CommandReference(page: try Self.page())
    try await withTemporaryDirectory { (root: URL) throws in
      var programs = try CommandReference(of: "gatehouse", help: help("gatehouse", root))
      let sidecar = try CommandReference(of: "gatehouse-sidecar", help: help("gatehouse-sidecar", root))
      programs.usages.merge(sidecar.usages) { $1 }
      programs.options.merge(sidecar.options) { $1 }
      #expect(programs.usages.count == 22)
      for fault in page.faults(against: programs) { Issue.record("cli.md: \(fault)") }
    }
  }

  @Test("has each option that sets a setting, with its variable, in the order of --help")
  func settings() async throws {
    let rows = try Self.page().matches(of: /(?m)^\| `(--[a-z-]+ <[^`]+>)` \| `([A-Z0-9_]+)` \|/)
      .map { "\($0.output.1.replacing("\\|", with: "|")) \($0.output.2)" }
    try await withTemporaryDirectory { (root: URL) throws in
      let options = try help("gatehouse-sidecar", root)(["--help"])
        .matches(of: /(?m)^  (--[a-z-]+ <[^>]+>)  \[([A-Z0-9_]+);/).map { "\($0.output.1) \($0.output.2)" }
      #expect(options.count > 20)
      #expect(rows == options)
    }
  }

  @Test("would not pass with another usage, without an option, or without a command")
  func drift() throws {
    let page = try Self.page()
    let whole = CommandReference(page: page)
    for (text, other) in [
      ("gatehouse dump list [--json]", "gatehouse dump list"), ("| `--dry-run` |", "| `--dry` |"),
      ("### `gatehouse-sidecar fetch`", "### Fetch"),
    ] {
      let isThere = page.contains(text)
      try #require(isThere, "cli.md lacks what this test changes: \(text)")
      #expect(CommandReference(page: page.replacing(text, with: other)).faults(against: whole) != [])
    }
  }
}
