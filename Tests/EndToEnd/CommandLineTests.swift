import Foundation
import JSON
import TestSupport
import Testing

@Suite("The command lines of both programs")
struct CommandLineTests {
  private func gateway(_ arguments: [String], _ root: URL) throws -> (code: Int32, output: String) {
    let process = try GatehouseProcess(dumps: root, arguments: arguments)
    return (try process.waitForExit(), process.log)
  }

  private func sidecar(_ arguments: [String], _ root: URL) throws -> (code: Int32, output: String) {
    let result = try SidecarProcess.run(arguments, dumps: root)
    return (result.code, result.output)
  }

  /// Lines without the program's name and the name of its command group.
  private func neutral(_ text: String) -> String {
    text.replacing("gatehouse-sidecar", with: "gatehouse").replacing("gatehouse dump", with: "gatehouse")
      .replacing("gatehouse serve", with: "gatehouse run").trimmingCharacters(in: .whitespacesAndNewlines)
  }

  @Test(
    "answer wrong arguments in the same words, with the same exit code",
    arguments: [
      (["--bogus"], ["--bogus"]), (["bogus"], ["bogus"]), (["-x"], ["-x"]),
      (["dump", "list", "--bogus"], ["list", "--bogus"]), (["dump", "list", "x"], ["list", "x"]),
      (["dump", "verify", "--dry-run"], ["verify", "--dry-run"]), (["--version"], ["--version"]),
      (["dump", "list", "--version"], ["list", "--version"]),
    ])
  func alike(ofGateway: [String], ofSidecar: [String]) async throws {
    try await withTemporaryDirectory { (root: URL) throws in
      let (one, other) = (try gateway(ofGateway, root), try sidecar(ofSidecar, root))
      #expect(one.code == other.code)
      #expect(neutral(one.output) == neutral(other.output))
      #expect(one.code == (ofSidecar.last == "--version" ? 0 : 64))
    }
  }

  @Test("have help of one layout, for the program and for a command")
  func help() async throws {
    try await withTemporaryDirectory { (root: URL) throws in
      let headings = { (text: String) in
        text.split(separator: "\n").filter { $0.hasSuffix(":") && $0.first != " " || $0.hasPrefix("USAGE: ") }
          .map { String($0.prefix { $0 != ":" && $0 != "," }) }
      }
      let (one, other) = (try gateway(["--help"], root), try sidecar(["--help"], root))
      #expect(one.code == 0 && other.code == 0)
      let parts = ["exit codes", "USAGE", "OPTIONS", "SUBCOMMANDS"]
      #expect(headings(one.output).suffix(4) == parts[...] && headings(other.output).suffix(4) == parts[...])
      for text in [one.output, other.output] {
        #expect(text.hasPrefix("OVERVIEW: ") && text.contains("\nSettings, each ") && text.contains("\nSignals: "))
        #expect(text.contains("[MEM_DUMP_PATH; default: ") || text.contains("  MEM_DUMP_PATH  [default: "))
        #expect(
          text.contains(
            "\n  --version               Show the version.\n  -h, --help              Show help information.\n"))
      }
      let verify = (try gateway(["dump", "verify", "-h"], root), try sidecar(["verify", "-h"], root))
      #expect(verify.0.code == 0 && verify.1.code == 0)
      #expect(headings(verify.0.output) == headings(verify.1.output))
      let usage = { (text: String) in
        text.split(separator: "\n").first { $0.hasPrefix("USAGE: ") }.map { neutral(String($0)) }
      }
      #expect(usage(verify.0.output) != nil && usage(verify.0.output) == usage(verify.1.output))
      #expect(try sidecar(["help", "verify"], root).output == verify.1.output)
    }
  }

  @Test("show dumps in the same texts and in JSON with the same fields")
  func dumps() async throws {
    try await withTemporaryDirectory { (root: URL) throws in
      let generated = root.appending(path: "generated")
      try FileManager.default.createDirectory(at: generated, withIntermediateDirectories: true)
      let names = try [20, 10].map { try Dumps.write(in: generated, at: Dumps.now - $0) }
      for arguments in [["verify"], ["verify", "--json"], ["verify", names[0], "--json"]] {
        let (one, other) = (try gateway(["dump"] + arguments, generated), try sidecar(arguments, generated))
        #expect(one.code == 0 && other.code == 0)
        #expect(one.output == other.output, "\(arguments)")
      }
      let (one, other) = (
        try rows(gateway(["dump", "list", "--json"], generated).output),
        try rows(sidecar(["list", "--json"], generated).output)
      )
      #expect(Set(one.keys) == Set(names) && Set(other.keys) == Set(names))
      for name in names {
        let (row, sibling) = (try #require(one[name]), try #require(other[name]))
        #expect(Set(row.keys) == Set(sibling.keys))
        for field in ["name", "path", "created_at", "bytes", "epoch", "sequence", "verified"] {
          #expect(row[field] == sibling[field], "\(field)")
        }
        // Only the sidecar has retention rules.
        #expect(row["keep"] == .null && sibling["keep"] == true)
      }
      // One that is not whole is bad to both.
      try Data("DMP1 torn".utf8).write(to: generated.appending(path: names[1]))
      let bad = (try gateway(["dump", "verify"], generated), try sidecar(["verify"], generated))
      #expect(bad.0.code == 65 && bad.1.code == 65 && bad.0.output == bad.1.output)
      #expect(bad.0.output.contains("BAD   "))
    }
  }
}
