import Foundation
import Glibc
import JSON
import TestSupport
import Testing

private let day = 86_400

private func withDumps(
  _ times: [Int], documents: Int = 3, _ body: (_ generated: URL, _ names: [String]) async throws -> Void
) async throws {
  try await withTemporaryDirectory { (root: URL) async throws in
    let generated = root.appending(path: "generated")
    try FileManager.default.createDirectory(at: generated, withIntermediateDirectories: true)
    let names = try times.map { try Dumps.write(in: generated, at: $0, documents: documents) }
    try await body(generated, names)
  }
}

@Suite("The sidecar's commands")
struct SidecarCommandTests {
  @Test("prune moves what no rule keeps to the trash, and a dry run moves nothing and says the same")
  func prune() async throws {
    let now = Dumps.now
    try await withDumps((0..<5).map { now - (5 - $0) * day }) { generated, dumps in
      let rules = ["KEEP_LAST": "2"]
      let dry = try SidecarProcess.run(["prune", "--dry-run", "--json"], dumps: generated, rules)
      #expect(dry.code == 0)
      let decisions = try rows(dry.output)
      #expect(dumps.map { decisions[$0]?["keep"]?.bool } == [false, false, false, true, true])
      #expect(decisions[dumps[4]]?["verified"] == true)
      #expect(decisions[dumps[4]]?["reasons"]?.strings?.contains("newest good dump") == true)
      #expect(decisions[dumps[0]]?["reasons"] == ["no rule keeps it"])
      #expect(decisions[dumps[0]]?["format"] == "DMP1")
      #expect(dumpNames(generated) == dumps)
      #expect(try SidecarProcess.run(["prune"], dumps: generated, rules).code == 0)
      #expect(dumpNames(generated) == Array(dumps[3...]))
      #expect(names(in: generated.appending(path: "trash")) == Array(dumps[..<3]))
      // They stay there for a day, whatever their own age.
      #expect(try SidecarProcess.run(["prune"], dumps: generated, rules).output.contains("0 unlinked"))
      let past = [FileAttributeKey.modificationDate: Date(timeIntervalSinceNow: -2 * 86_400)]
      try FileManager.default.setAttributes(
        past, ofItemAtPath: generated.appending(path: "trash").appending(path: dumps[0]).path())
      #expect(try SidecarProcess.run(["prune"], dumps: generated, rules).output.contains("1 unlinked"))
      #expect(names(in: generated.appending(path: "trash")) == Array(dumps[1..<3]))
    }
  }

  @Test("prune leaves alone what is not ours, what is dated in the future, and everything that has nothing newer")
  func untouched() async throws {
    let now = Dumps.now
    try await withDumps([now - 3 * day, now - 2 * day, now - day, now + 30 * day]) { generated, dumps in
      // Among the last good ones, only the future one is newer than the damage.
      for name in ["notes.bin", "memory_dump-20200101T000000Z.txt", "other-20200101T000000Z.bin.bak"] {
        try Data("no dump".utf8).write(to: generated.appending(path: name))
      }
      try FileManager.default.createSymbolicLink(
        at: generated.appending(path: "link-20200101T000000Z.bin"),
        withDestinationURL: generated.appending(path: dumps[0]))
      let before = names(in: generated)
      let rules = ["KEEP_LAST": "1"]
      let result = try SidecarProcess.run(["prune", "--json"], dumps: generated, rules)
      let decisions = try rows(result.output)
      #expect(decisions[dumps[3]]?["reasons"]?.strings?.contains("dated in the future") == true)
      let after = names(in: generated).filter { $0 != ".gatehouse-sidecar.json" && $0 != "trash" }
      #expect(after == before.filter { $0 != dumps[0] && $0 != dumps[1] })
      // The newest that counts gets damaged: nothing goes any more.
      var bytes = try Data(contentsOf: generated.appending(path: dumps[2]))
      bytes[60] ^= 1
      try bytes.write(to: generated.appending(path: dumps[2]))
      let older = try Dumps.write(in: generated, at: now - 5 * day)
      _ = try Dumps.write(in: generated, at: now - 6 * day)
      let names = dumpNames(generated)
      let damaged = try SidecarProcess.run(["prune", "--json"], dumps: generated, ["KEEP_LAST": "5"])
      #expect(try rows(damaged.output)[dumps[2]]?["verified"] == false)
      #expect(try rows(damaged.output)[older]?["keep"] == true)
      #expect(dumpNames(generated) == names)
    }
  }

  @Test("a dump that shrank pushes nothing out until it is accepted")
  func shrunk() async throws {
    let now = Dumps.now
    try await withDumps([now - 3 * day, now - 2 * day], documents: 10) { generated, dumps in
      let small = try Dumps.write(in: generated, at: now - day, documents: 4)
      let smaller = try Dumps.write(in: generated, at: now - 60, documents: 4)
      let rules = ["KEEP_LAST": "1"]
      let flagged = try rows(try SidecarProcess.run(["prune", "--json"], dumps: generated, rules).output)
      #expect(flagged[small]?["reasons"]?.strings?.contains("shrank by more than half") == true)
      #expect(flagged[smaller]?["reasons"]?.strings?.contains("shrank by more than half") == true)
      #expect(dumpNames(generated) == [dumps[1], small, smaller])
      _ = try SidecarProcess.run(["prune", "--accept-shrunk"], dumps: generated, rules)
      #expect(dumpNames(generated).contains(smaller))
      #expect(!dumpNames(generated).contains(dumps[1]))
    }
  }

  @Test("verify tells good from bad by its exit code, for all dumps, some, and files elsewhere")
  func verify() async throws {
    let now = Dumps.now
    try await withDumps([now - 20, now - 10]) { generated, dumps in
      #expect(try SidecarProcess.run(["verify"], dumps: generated).code == 0)
      let elsewhere = generated.deletingLastPathComponent().appending(path: "copy.bin")
      try FileManager.default.copyItem(at: generated.appending(path: dumps[0]), to: elsewhere)
      #expect(try SidecarProcess.run(["verify", elsewhere.path()], dumps: generated).code == 0)
      try Data(contentsOf: generated.appending(path: dumps[1])).dropLast(3).write(
        to: generated.appending(path: dumps[1]))
      let bad = try SidecarProcess.run(["verify"], dumps: generated)
      #expect(bad.code == 65)
      #expect(bad.output.contains("good  ") && bad.output.contains("BAD   "))
      #expect(try SidecarProcess.run(["verify", dumps[0]], dumps: generated).code == 0)
      #expect(try SidecarProcess.run(["verify", dumps[1], "--json"], dumps: generated).code == 65)
      #expect(try SidecarProcess.run(["verify", "/nowhere.bin"], dumps: generated).code == 74)
      let wrongKey = try SidecarProcess.run(["verify"], dumps: generated, ["MEM_ENCRYPTION_KEY": "another key"])
      #expect(wrongKey.code == 65)
      #expect(
        try SidecarProcess.run(
          ["verify", dumps[0]], dumps: generated,
          ["MEM_ENCRYPTION_KEY": "another key", "MEM_ENCRYPTION_KEYS_OLD": GatehouseProcess.encryptionKey]
        ).code == 0)
    }
  }

  @Test("health is well with no dump and with a good one, and not with a damaged or an old one")
  func health() async throws {
    try await withDumps([]) { generated, _ in
      #expect(try SidecarProcess.isHealthy(dumps: generated))
      let old = try Dumps.write(in: generated, at: Dumps.now - 1000)
      #expect(try SidecarProcess.isHealthy(dumps: generated))
      let limit = try SidecarProcess.run(["health", "--max-age", "10m", "--json"], dumps: generated)
      #expect(limit.code == 1)
      #expect(limit.output.contains(#""healthy":false"#))
      try Data("DMP1 torn".utf8).write(to: generated.appending(path: old))
      #expect(try SidecarProcess.run(["health"], dumps: generated).code == 1)
      #expect(try SidecarProcess.run(["health"], dumps: generated.appending(path: "none")).code == 1)
    }
  }

  @Test("are refused with their own exit codes when they are wrong")
  func faults() async throws {
    try await withDumps([]) { generated, _ in
      #expect(try SidecarProcess.run(["bogus"], dumps: generated).code == 64)
      let faults = try SidecarProcess.run(
        ["list", "--keep-last", "x"], dumps: generated, ["MEM_ENCRYPTION_KEY": "", "KEEP_WITHIN": "soon"])
      #expect(faults.code == 78)
      for name in ["KEEP_LAST", "KEEP_WITHIN", "MEM_ENCRYPTION_KEY"] { #expect(faults.output.contains("\(name): ")) }
      #expect(try SidecarProcess.run(["run"], dumps: generated, ["SIDECAR_PASSWORD": ""]).code == 78)
      #expect(try SidecarProcess.run(["receipt"], dumps: generated).code == 1)
      #expect(try SidecarProcess.run(["fetch"], dumps: generated).code == 78)
      #expect(try SidecarProcess.run(["list"], dumps: generated.appending(path: "none")).code == 74)
      #expect(try SidecarProcess.run(["--help"], dumps: generated).output.contains("exit codes:"))
    }
  }
}
