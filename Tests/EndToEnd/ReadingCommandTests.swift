import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@Suite("A command that only reads")
struct ReadingCommandTests {
  private static let sidecar = [
    ["prune", "--dry-run"], ["prune", "--dry-run", "--accept-shrunk", "--remove-damaged", "--json"], ["list"],
    ["list", "--json"], ["verify"], ["verify", "--json"], ["health"], ["receipt"], ["--help"],
  ]
  private static let gateway = [
    ["dump", "list"], ["dump", "list", "--json"], ["dump", "inspect"], ["dump", "verify"], ["dump", "restore-check"],
    ["dump", "diff", "memory_dump-20200101T000000Z.bin", "memory_dump-20200101T000000Z.bin"], ["journal", "list"],
    ["journal", "inspect"], ["journal", "verify"], ["journal", "verify", "--json"], ["config", "check"], ["health"],
    ["--help"],
  ]

  /// Creates dumps and other files, a damaged dump, one that shrank, a full trash, a lease and a receipt.
  private func fill(_ generated: URL) throws {
    for age in 1...6 { try Dumps.write(in: generated, at: Dumps.now - age * 86_400, documents: age == 1 ? 1 : 9) }
    try Data("DMP1".utf8).write(to: generated.appending(path: "memory_dump-20200101T000000Z.bin"))
    try Data("x".utf8).write(to: generated.appending(path: ".memory_dump-20200101T000000Z.bin.1-2-3.tmp"))
    try Data(#"{"outcome":"drained"}"#.utf8).write(to: generated.appending(path: "drain-20200101T000000Z.json"))
    try FileManager.default.createDirectory(at: generated.appending(path: "trash"), withIntermediateDirectories: true)
    let old = generated.appending(path: "trash/memory_dump-20190101T000000Z.bin")
    try Data("DMP1".utf8).write(to: old)
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 0)], ofItemAtPath: old.path())
  }

  private func run(_ arguments: [String], _ isSidecar: Bool, _ generated: URL) throws -> (code: Int32, output: String) {
    if isSidecar { return try SidecarProcess.run(arguments, dumps: generated, ["KEEP_LAST": "1"]) }
    let process = try GatehouseProcess(dumps: generated, ["PORT": "1"], arguments: arguments)
    return (try process.waitForExit(), process.log)
  }

  @Test("writes nothing, moves nothing and touches nothing")
  func untouched() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try fill(generated)
      let before = DirectoryState(of: generated)
      for (commands, isSidecar) in [(Self.sidecar, true), (Self.gateway, false)] {
        for command in commands {
          let result = try run(command, isSidecar, generated)
          #expect(DirectoryState(of: generated) == before, "\(command) \(result)")
          #expect(![64, 73, 78].contains(result.code), "\(command) \(result)")
        }
      }
      // The dry run reports what the real run then does.
      let dry = try rows(
        SidecarProcess.run(["prune", "--dry-run", "--json"], dumps: generated, ["KEEP_LAST": "1"]).output)
      let real = try rows(SidecarProcess.run(["prune", "--json"], dumps: generated, ["KEEP_LAST": "1"]).output)
      #expect(dry == real)
      #expect(DirectoryState(of: generated) != before, "the comparison sees a change")
    }
  }

  @Test("makes no directory where there is none")
  func missing() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "none/generated")
      for (commands, isSidecar) in [(Self.sidecar, true), (Self.gateway, false)] {
        for command in commands {
          // Programs run in the parent directory.
          let environment = ["MEM_DUMP_PATH": generated.path() + "/memory_dump.bin", "KEEP_LAST": "1"]
          let beside = root.appending(path: "x")
          if isSidecar {
            _ = try SidecarProcess.run(command, dumps: beside, environment)
          } else {
            _ = try GatehouseProcess(dumps: beside, environment.merging(["PORT": "1"]) { $1 }, arguments: command)
              .waitForExit()
          }
        }
      }
      #expect(names(in: root).filter { !$0.hasPrefix("log-") } == [], "\(names(in: root))")
    }
  }

  @Test("works on a volume that is mounted read-only, and says nothing of notes")
  func readOnly() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      guard let volume = SmallVolume(generated, size: "1m") else { return }
      try fill(generated)
      let all = Self.sidecar.map { ($0, true) } + Self.gateway.map { ($0, false) }
      let here = try all.map { try run($0, $1, generated) }
      try #require(volume.makeReadOnly())
      #expect(access(generated.path(), W_OK) != 0, "nobody can write to it")
      for ((command, isSidecar), before) in zip(all, here) {
        let there = try run(command, isSidecar, generated)
        #expect(there.code == before.code, "\(command) \(there) \(before)")
        #expect(!there.output.contains("notes"), "\(command) \(there)")
      }
    }
  }
}
