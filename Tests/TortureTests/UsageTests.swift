import Foundation
import TestSupport
import Testing

@Suite("The usage of scripts/torture")
struct UsageTests {
  /// The output of the script without arguments.
  private func usage() throws -> (code: Int32, text: String) {
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../scripts/torture")
    let (process, output) = (ChildProcess(), Pipe())
    process.executableURL = script.standardized
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }

  @Test("has each command of the program, with options that the command takes")
  func commands() async throws {
    let (code, text) = try usage()
    #expect(code == 64)
    var named: Set<String> = []
    for line in text.components(separatedBy: "scripts/torture ").dropFirst() {
      let command = line.prefixMatch(of: /[a-z]+/).map { String($0.output) } ?? "rounds"
      named.insert(command)
      let help = try await runTorture([command, "--help"]).output
      for option in line.matches(of: /--[a-z-]+/) {
        #expect(help.contains("\n  \(option.output) "), "\(command) does not take \(option.output)")
      }
    }
    let help = try await runTorture(["--help"]).output
    let list = try #require(help.components(separatedBy: "\nSUBCOMMANDS:\n").dropFirst().first)
    #expect(named == Set(list.matches(of: /(?m)^  ([a-z]+)\s/).map { String($0.output.1) }))
  }
}
