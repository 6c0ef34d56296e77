import Foundation
import Glibc
import TestSupport
import Testing

/// A reader of a page with two terminals, in a clone whose programs are built.
struct Walkthrough: ~Copyable {
  let root: URL
  let port: Int
  /// The port of the small server that a page starts.
  private let serverPort: Int
  /// The reservations of both ports.
  private let reserved: [RefusingPort]
  private let environment: [String: String]
  private var gateway: Terminal?

  static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Makes the clone: the real scripts, and a `swift` that has nothing to build.
  init(in directory: URL) throws {
    root = directory.appending(path: "clone")
    for folder in ["scripts", "bin"] {
      try FileManager.default.createDirectory(at: root.appending(path: folder), withIntermediateDirectories: true)
    }
    for script in ["run", "setup", "make-env", "install"] {
      let path = "scripts/\(script)"
      try FileManager.default.copyItem(at: Self.repository.appending(path: path), to: root.appending(path: path))
    }
    let programs = ProgramProcess.executable("gatehouse").deletingLastPathComponent().path()
    let swift = root.appending(path: "bin/swift")
    try Data("#!/bin/sh\ncase \"$*\" in *--show-bin-path) echo '\(programs)' ;; esac\n".utf8).write(to: swift)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: swift.path())
    reserved = [try RefusingPort(), try RefusingPort()]
    (port, serverPort) = (reserved[0].port, reserved[1].port)
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    environment = ["PATH": "\(root.path())bin:\(root.path())/bin:\(path)", "PORT": "\(port)", "HOME": root.path()]
  }

  /// The text of a page with the ports of this reader, and without a pause for the small server, which needs longer on
  /// a busy machine.
  private func adapted(_ text: String) -> String {
    let wait = "& until curl -s -o /dev/null http://127.0.0.1:\(serverPort); do sleep 0.1; done\n"
    return text.replacing("& sleep 1\n", with: wait)
      .replacing("5001", with: "\(port)").replacing("8000", with: "\(serverPort)")
  }

  /// The fences of a page with a language, up to a heading.
  static func fences(of page: String, until heading: String? = nil) throws -> [(language: String, text: String)] {
    let whole = try String(contentsOf: repository.appending(path: page), encoding: .utf8)
    let text = try heading.map { String(whole[..<(try #require(whole.range(of: "\n\($0)\n"))).lowerBound]) } ?? whole
    return text.matches(of: /(?m)^( *)```(sh|text)\n((?s:.*?))^ *```$/).map { match in
      let lines = match.output.3.split(separator: "\n", omittingEmptySubsequences: false)
      let indentation = String(match.output.1)
      let bare = lines.map { $0.hasPrefix(indentation) ? $0.dropFirst(indentation.count) : $0 }
      return (String(match.output.2), bare.joined(separator: "\n"))
    }
  }

  /// Follows fences from top to bottom. `scripts/run` is for the first terminal, other commands are for the second. An
  /// output without a command before it is that of Ctrl-C in the first terminal.
  mutating func follow(_ fences: [(language: String, text: String)]) throws {
    let second = try Terminal(["bash"], in: root, environment)
    defer { second.end() }
    // The small server ends with its terminal, also when a step before failed.
    _ = try second.type("trap 'kill $(jobs -p) 2>/dev/null' EXIT")
    var isAnswered = true
    for (number, fence) in fences.enumerated() {
      let text = adapted(fence.text)
      let next = number + 1 < fences.count ? fences[number + 1] : nil
      let expected = next?.language == "text" ? next.map { adapted($0.text) } : nil
      if fence.language == "text" {
        if isAnswered { try interrupt(expecting: text) }
        isAnswered = true
      } else if text == "scripts/run\n" {
        try start(expecting: try #require(expected))
        isAnswered = false
      } else {
        let output = try second.type(text)
        if let expected { #expect(output == expected, "after \(text)") }
        isAnswered = expected == nil
      }
    }
  }

  private mutating func start(expecting expected: String) throws {
    if let gateway {
      let hasEnded = eventually(within: .seconds(180)) { gateway.isRunning ? nil : true }
      try #require(hasEnded == true, "\(gateway.output)")
    }
    let started = try Terminal(
      ["env", "--default-signal=INT", "bash", "scripts/run", "--debug"], in: root, environment)
    gateway = started
    let isReady = eventually(within: .seconds(180)) {
      started.output.contains(expected) && started.output.contains("logged in") ? true : nil
    }
    try #require(isReady == true, "\(started.output)")
  }

  private func interrupt(expecting expected: String) throws {
    let running = try #require(gateway)
    running.signal(SIGINT)
    let hasEnded = eventually(within: .seconds(180)) { running.isRunning ? nil : true }
    #expect(hasEnded == true && running.status == 0 && running.output.hasSuffix("\n\(expected)"), "\(running.output)")
  }

  /// Runs one command, and gives its exit code and output.
  func run(_ command: String) throws -> (status: Int32, output: String) {
    let terminal = try Terminal(["bash", "-euo", "pipefail", "-c", command], in: root, environment)
    defer { terminal.end() }
    let hasEnded = eventually(within: .seconds(180)) { terminal.isRunning ? nil : true }
    try #require(hasEnded == true, "\(terminal.output)")
    return (terminal.status, terminal.output)
  }

  deinit { gateway?.end() }
}

/// A process with an input to type into, and all that it has printed.
private final class Terminal {
  private let process = ChildProcess()
  private let input = Pipe()
  private let file: URL
  private var typed = 0

  init(_ arguments: [String], in root: URL, _ environment: [String: String]) throws {
    file = root.appending(path: "output-\(UUID().uuidString)")
    try Data().write(to: file)
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = arguments
    process.currentDirectoryURL = root
    process.environment = environment
    process.standardInput = input
    process.standardOutput = try FileHandle(forWritingTo: file)
    process.standardError = process.standardOutput
    try process.run()
  }

  var isRunning: Bool { process.isRunning }
  var status: Int32 { process.terminationStatus }
  var output: String { String(decoding: FileManager.default.contents(atPath: file.path()) ?? Data(), as: UTF8.self) }

  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  /// Types commands, and gives what they print.
  func type(_ commands: String) throws -> String {
    typed += 1
    let before = output
    let end = "end of \(typed)\n"
    try input.fileHandleForWriting.write(contentsOf: Data("\(commands)\necho '\(end.dropLast())'\n".utf8))
    let isDone = eventually(within: .seconds(180)) { output.hasSuffix(end) ? true : nil }
    try #require(isDone == true, "\(output)")
    return String(output.dropFirst(before.count).dropLast(end.count))
  }

  func end() {
    try? input.fileHandleForWriting.close()
    if process.isRunning { signal(SIGINT) }
    if eventually(within: .seconds(180), { process.isRunning ? nil : true }) != true { signal(SIGKILL) }
  }
}
