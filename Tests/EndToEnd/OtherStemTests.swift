import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// A dump directory with other files beside the dumps. Pruning must leave the files in `others` in
/// place.
private struct Neighbours {
  let own: [String]
  let others: [String]

  /// Ten dumps of past days, an operator's copy, dumps of other stems, and names that only look alike.
  static func make(in generated: URL) throws -> Neighbours {
    let own = try (0..<10).map { try Dumps.write(in: generated, at: Dumps.now - (20 - $0) * 86_400) }
    let tail = String(own[0].dropFirst("memory_dump".count))
    let others = [
      "before-upgrade.bin", "memory_dump.bin", "memory_dump-old\(tail)", "memory\(tail)", "Memory_dump\(tail)",
      "memory_dump-20261301T000000Z.bin", "memory_dump-20200101T000000Z.BIN", "m\u{FC}ller *?[a]\(tail)",
      "mu\u{308}ller *?[a]\(tail)",
    ]
    let source = generated.path() + "/" + own[0]
    for name in others { try FileManager.default.copyItem(atPath: source, toPath: generated.path() + "/" + name) }
    return Neighbours(own: own, others: others)
  }
}

/// Directory entries by their bytes, because `names(in:)` may compose characters.
private func entries(_ directory: URL) -> Set<[UInt8]> {
  guard let stream = opendir(directory.path()) else { return [] }
  defer { closedir(stream) }
  var found: Set<[UInt8]> = []
  while let entry = readdir(stream) {
    found.insert(withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) })
  }
  return found
}

@Suite("Files of another name than MEM_DUMP_PATH gives")
struct OtherStemTests {
  @Test("are not listed, verified, pruned or removed by the sidecar, and it says which they are")
  func sidecar() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let neighbours = try Neighbours.make(in: generated)
      let old = generated.appending(path: "trash/memory_dump-old-20200101T000000Z.bin")
      try FileManager.default.createDirectory(
        at: generated.appending(path: "trash"), withIntermediateDirectories: true)
      try FileManager.default.copyItem(at: generated.appending(path: neighbours.own[0]), to: old)
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: 0)], ofItemAtPath: old.path())
      let list = try SidecarProcess.run(["list", "--json"], dumps: generated)
      #expect(Set(try rows(list.output).keys) == Set(neighbours.own))
      let listed = try JSONParser().parseObject(Array(list.output.utf8))
      let leftAlone = listed["left_alone"]?.strings ?? []
      #expect(Set(leftAlone.map { Array($0.utf8) }) == Set(neighbours.others.map { Array($0.utf8) }))
      #expect(try SidecarProcess.run(["list"], dumps: generated).output.contains("left alone   before-upgrade.bin"))
      #expect(!(try SidecarProcess.run(["verify"], dumps: generated).output.contains("before-upgrade")))
      let pruned = try SidecarProcess.run(
        ["prune", "--remove-damaged"], dumps: generated, ["KEEP_LAST": "1", "TRASH_KEEP": "0"])
      #expect(pruned.output.contains("9 moved to trash/, 9 unlinked from it"), "\(pruned)")
      let left = entries(generated)
      for name in neighbours.others + [neighbours.own[9]] { #expect(left.contains(Array(name.utf8)), "\(name)") }
      #expect(names(in: generated.appending(path: "trash")) == [old.lastPathComponent])
      // They are read when named explicitly.
      for name in ["before-upgrade.bin", neighbours.others[8]] {
        #expect(try SidecarProcess.run(["verify", name], dumps: generated).code == 0)
      }
    }
  }

  @Test("are not loaded by a start, however new they are, and are restored when they are named")
  func gateway() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated, ["MEM_JOURNAL": "off"]) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        #expect(try gatehouse.send("POST", "/platform/memory/dump", token: token).status == 200)
        #expect(
          try gatehouse.send("POST", "/platform/group", token: token, json: ["group_name": "newer"]).status == 201)
        let beside = try gatehouse.send(
          "POST", "/platform/memory/dump", token: token, json: ["path": "memory_dump-old.bin"])
        #expect(beside.json.value(at: "response.path")?.string?.contains("/memory_dump-old-") == true)
        gatehouse.signal(SIGKILL)
        _ = try gatehouse.waitForExit()
      }
      let other = try #require(names(in: generated).first { $0.hasPrefix("memory_dump-old-") })
      let list = try GatehouseProcess(dumps: generated, arguments: ["dump", "list"])
      #expect(try list.waitForExit() == 0)
      #expect(list.logs("1 dump in ") && list.logs("left alone   \(other)"), "\(list.log)")
      try await withGatehouse(dumps: generated, ["MEM_JOURNAL": "off"]) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        #expect(gatehouse.logs("are left alone") && gatehouse.logs(other))
        #expect(try gatehouse.send("GET", "/platform/group/newer", token: token).status == 404)
        #expect(
          try gatehouse.send("POST", "/platform/memory/restore", token: token, json: ["path": .string(other)]).status
            == 200)
        #expect(try gatehouse.send("GET", "/platform/group/newer", token: token).status == 200)
        #expect(try gatehouse.stop() == 0)
      }
    }
  }

  @Test("make a restore check fail and a start warn when there are no others")
  func onlyOthers() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let name = try Dumps.write(in: generated, at: Dumps.now)
      let other = ["MEM_DUMP_PATH": generated.appending(path: "state.bin").path()]
      let check = { (changes: [String: String]) throws -> (Int32, String) in
        let process = try GatehouseProcess(dumps: generated, changes, arguments: ["dump", "restore-check"])
        return (try process.waitForExit(), process.log)
      }
      let found = try check(other)
      #expect(found.0 == 65 && found.1.contains("left alone  \(name)"), "\(found)")
      #expect(try check([:]).0 == 0)
      try await withGatehouse(dumps: generated, other) { (gatehouse: GatehouseProcess) async throws in
        try gatehouse.waitForLog("are left alone")
        let line = gatehouse.log.split(separator: "\n").first { $0.contains("are left alone") }
        #expect(line?.contains("WARNING") == true && line?.contains(name) == true, "\(gatehouse.log)")
        #expect(try gatehouse.stop() == 0)
      }
      #expect(names(in: generated).contains(name))
    }
  }

  @Test("and links that are named as dumps are told of once, and no start or prune follows them")
  func links() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let dump = try Dumps.write(in: generated, at: Dumps.now - 1000)
      let link = "memory_dump-20300101T000000Z.bin"
      try FileManager.default.createSymbolicLink(
        atPath: generated.appending(path: link).path(), withDestinationPath: dump)
      #expect(mkfifo(generated.appending(path: "memory_dump-20300101T000001Z.bin").path(), 0o600) == 0)
      let gateway = try FakeGateway { _, _ in .status(403) }
      let sidecar = try SidecarProcess.start(dumps: generated, port: gateway.server.port)
      try sidecar.waitForLog("dump.name=\(link)")
      let next = try Dumps.write(in: generated, at: Dumps.now)
      let isVerified = eventually {
        sidecar.log.split(separator: "\n").contains { $0.contains(" dump verified ") && $0.contains(next) } ? true : nil
      }
      #expect(isVerified == true)
      _ = try sidecar.stop()
      #expect(sidecar.log.split(separator: "\n").count { $0.contains(link) } == 1, "\(sidecar.log)")
      let list = try SidecarProcess.run(["list"], dumps: generated).output
      #expect(list.contains("passed over  \(link): it is a symbolic link") && list.contains("it is a pipe"))
      let start = try GatehouseProcess(dumps: generated)
      #expect(start.logs("a name of a dump is no regular file"))
      start.signal(SIGKILL)
      _ = try start.waitForExit()
    }
  }

  @Test("belong to another sidecar, and two sidecars can share a directory")
  func twoSidecars() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let first = try (0..<4).map { try Dumps.write(in: generated, at: Dumps.now - 1000 + $0) }
      let second = try first.map { name in
        let other = "memory_dump-old" + name.dropFirst("memory_dump".count)
        try FileManager.default.copyItem(
          at: generated.appending(path: name), to: generated.appending(path: other))
        return other
      }
      let gateway = try FakeGateway { _, _ in .status(403) }
      let path = generated.appending(path: "memory_dump-old.bin").path()
      let one = try SidecarProcess.start(dumps: generated, port: gateway.server.port, ["KEEP_LAST": "1"])
      let two = try SidecarProcess.start(
        dumps: generated, port: gateway.server.port, ["KEEP_LAST": "2", "MEM_DUMP_PATH": path])
      let kept = [first[3], second[2], second[3]]
      let isPruned = eventually { names(in: generated).filter { $0.hasSuffix(".bin") } == kept.sorted() ? true : nil }
      #expect(isPruned == true, "\(names(in: generated))")
      for sidecar in [one, two] { _ = try sidecar.stop() }
      for (log, stranger) in [(one.log, "memory_dump-old-"), (two.log, "memory_dump-2")] {
        #expect(!log.contains(stranger), "\(log)")
      }
      #expect(names(in: generated).contains(".gatehouse-sidecar-memory_dump-old.json"))
      let list = try SidecarProcess.run(["list", "--json"], dumps: generated).output
      #expect(try rows(list)[first[3]]?["verified"] == true)
    }
  }
}
