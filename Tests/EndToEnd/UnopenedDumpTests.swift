import Foundation
import JSON
import TestSupport
import Testing

@Suite("A dump that does not open")
struct UnopenedDumpTests {
  private let oldKey = "the key of last year 0123456789abcdef"

  /// Creates two old dumps with another key and three newer ones.
  private func withDumps(_ body: (_ generated: URL, _ sealed: [String], _ good: [String]) throws -> Void) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let now = Dumps.now
      let sealed = try [500, 400].map { try Dumps.write(in: generated, at: now - $0, key: oldKey) }
      let good = try [300, 200, 100].map { try Dumps.write(in: generated, at: now - $0) }
      try body(generated, sealed, good)
    }
  }

  private func dumps(_ generated: URL) -> [String] { names(in: generated).filter { $0.hasSuffix(".bin") } }

  @Test("is never pruned, however many newer ones there are, until its key comes back or an operator asks for it")
  func kept() async throws {
    try await withDumps { (generated: URL, sealed: [String], good: [String]) throws in
      let rules = ["KEEP_LAST": "2"]
      let plan = try rows(SidecarProcess.run(["prune", "--json"], dumps: generated, rules).output)
      #expect(
        plan[sealed[0]]?["reasons"]?.strings == ["can't be decrypted, kept: it may be encrypted with another key"])
      #expect(plan[sealed[0]]?["verified"] == false)
      #expect(dumps(generated) == sealed + good[1...])
      // The verdict is valid only for the set of keys that it was made with.
      let both = rules.merging(["MEM_ENCRYPTION_KEYS_OLD": oldKey]) { $1 }
      let withKey = try rows(
        SidecarProcess.run(["prune", "--dry-run", "--json"], dumps: generated, both).output)
      #expect(withKey[sealed[1]]?["verified"] == true)
      #expect(withKey[sealed[1]]?["reasons"]?.strings == ["no rule keeps it"])
    }
    try await withDumps { (generated: URL, sealed: [String], good: [String]) throws in
      let asked = ["prune", "--remove-damaged"]
      let rules = ["KEEP_LAST": "3"]
      #expect(try SidecarProcess.run(asked + ["--dry-run"], dumps: generated, rules).code == 0)
      #expect(dumps(generated) == sealed + good)
      #expect(try SidecarProcess.run(["list", "--remove-damaged"], dumps: generated, rules).code == 64)
      #expect(try SidecarProcess.run(asked, dumps: generated, rules).code == 0)
      #expect(dumps(generated) == good)
      #expect(names(in: generated.appending(path: "trash")) == sealed)
    }
  }

  @Test("for a command with fewer keys, or other ones, stays good for the sidecar")
  func fewerKeys() async throws {
    try await withDumps { (generated: URL, sealed: [String], good: [String]) throws in
      let all = ["KEEP_LAST": "99"]
      let both = all.merging(["MEM_ENCRYPTION_KEYS_OLD": oldKey]) { $1 }
      // The gateway records its verified dumps; `verify` only reports them.
      #expect(try SidecarProcess.run(["prune"], dumps: generated, both).code == 0)
      let notes = generated.appending(path: ".gatehouse-sidecar.json")
      let before = try Data(contentsOf: notes)
      let isKnown = { () throws in
        let known = try rows(SidecarProcess.run(["list", "--json"], dumps: generated, both).output)
        return (sealed + good).allSatisfy { known[$0]?["verified"] == true }
      }
      let stranger = all.merging(["MEM_ENCRYPTION_KEY": "quite another key"]) { $1 }
      #expect(try SidecarProcess.run(["verify"], dumps: generated, stranger).code == 65)
      #expect(try SidecarProcess.run(["prune"], dumps: generated, stranger).code == 0)
      #expect(try Data(contentsOf: notes) == before)
      #expect(try isKnown())
      #expect(try SidecarProcess.run(["verify"], dumps: generated).code == 65)
      #expect(try SidecarProcess.run(["prune"], dumps: generated, all).code == 0)
      #expect(try isKnown())
      // Records that were authenticated with a key stay valid when it becomes an old key.
      let rotated = ["MEM_ENCRYPTION_KEY": "the next one", "MEM_ENCRYPTION_KEYS_OLD": GatehouseProcess.encryptionKey]
      let known = try rows(SidecarProcess.run(["list", "--json"], dumps: generated, rotated).output)
      for name in sealed + good { #expect(known[name]?["verified"] == true) }
    }
  }

  @Test("is kept by the sidecar that runs, and counts as good as soon as one with its key runs")
  func watch() async throws {
    try await withDumps { (generated: URL, sealed: [String], good: [String]) throws in
      let gateway = try FakeGateway { _, _ in .status(403) }
      let rules = ["KEEP_LAST": "2"]
      let first = try SidecarProcess.start(dumps: generated, port: gateway.server.port, rules)
      try first.waitForLog("dump pruned")
      _ = try first.stop()
      #expect(dumps(generated) == sealed + good[1...])
      let second = try SidecarProcess.start(
        dumps: generated, port: gateway.server.port, rules.merging(["MEM_ENCRYPTION_KEYS_OLD": oldKey]) { $1 })
      for name in sealed { try second.waitForLog("dump.name=\(name)") }
      #expect(eventually { dumps(generated) == Array(good[1...]) ? true : nil } == true, "\(dumps(generated))")
      _ = try second.stop()
    }
  }
}
