import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// A dump, and a journal behind it with three groups, of a gateway that was killed.
private struct KilledGateway {
  let generated: URL
  let token: String
  let journal: URL

  init(in root: URL) async throws {
    let generated = root.appending(path: "generated")
    self.generated = generated
    token = try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws -> String in
      let token = try gatehouse.logIn()
      #expect(try gatehouse.send("POST", "/platform/memory/dump", token: token).status == 200)
      for name in ["first", "second", "third"] {
        try gatehouse.expect("POST", "/platform/group", token, ["group_name": .string(name)], 201)
      }
      gatehouse.signal(SIGKILL)
      _ = try gatehouse.waitForExit()
      return token
    }
    journal = try #require(try JournalFiles(generated).newest())
  }

  /// The groups of some names that there are.
  func groups(_ gatehouse: GatehouseProcess, _ names: [String] = ["first", "second", "third"]) throws -> [String] {
    try names.filter { try gatehouse.send("GET", "/platform/group/\($0)", token: token).status == 200 }
  }
}

@Suite("A start from a dump and a journal")
struct JournalStartTests {
  @Test(
    "refuses to go on before damage within the journal, names the file and leaves it, and does so only when it is told")
  func damage() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let state = try await KilledGateway(in: root)
      var bytes = [UInt8](try Data(contentsOf: state.journal))
      // The last chunk but one, with more behind it.
      let chunks = JournalFiles.chunks(of: bytes)
      try #require(chunks.count >= 4)
      bytes[chunks[chunks.count - 2] + 20] ^= 1
      try Data(bytes).write(to: state.journal)
      let refused = try GatehouseProcess(dumps: state.generated)
      #expect(try refused.waitForExit() == 65)
      #expect(refused.logs(state.journal.path()), "\(refused.log)")
      #expect(refused.logs("was changed or is missing") && refused.logs("MEM_ALLOW_OLDER_START=true"))
      #expect([UInt8](try Data(contentsOf: state.journal)) == bytes)
      try await withGatehouse(dumps: state.generated, ["MEM_ALLOW_OLDER_START": "true"]) {
        (gatehouse: GatehouseProcess) async throws in
        let groups = try state.groups(gatehouse)
        #expect(groups.contains("first") && !groups.contains("third"), "\(groups)")
        try gatehouse.waitForLog("took the lease")
        let passedOver = gatehouse.log.split(separator: "\n").first { $0.contains("dump passed over") }
        #expect(passedOver?.contains(state.journal.path()) == true, "\(gatehouse.log)")
        #expect([UInt8](try Data(contentsOf: state.journal)) == bytes)
        try gatehouse.expect("POST", "/platform/group", state.token, ["group_name": "later"], 201)
        gatehouse.signal(SIGKILL)
        _ = try gatehouse.waitForExit()
      }
      // The changes since then go on from the place before the damage.
      try await withGatehouse(dumps: state.generated) { (gatehouse: GatehouseProcess) async throws in
        let groups = try state.groups(gatehouse, ["first", "third", "later"])
        #expect(groups == ["first", "later"], "\(gatehouse.log)")
      }
    }
  }

  @Test("leaves a write at the end out that was cut off, says how much that is, and goes on from the rest")
  func tornEnd() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let state = try await KilledGateway(in: root)
      let bytes = [UInt8](try Data(contentsOf: state.journal))
      let last = try #require(JournalFiles.chunks(of: bytes).last)
      try Data(bytes.dropLast(3)).write(to: state.journal)
      try await withGatehouse(dumps: state.generated) { (gatehouse: GatehouseProcess) async throws in
        try gatehouse.waitForLog("ends with a write that was cut off")
        let cut = gatehouse.log.firstMatch(of: /journal\.cut\.bytes"?[=:]"?([0-9]+)/).flatMap { Int($0.output.1) }
        #expect(cut == bytes.count - 3 - last, "\(gatehouse.log)")
        let groups = try state.groups(gatehouse)
        #expect(groups.contains("first") && !groups.contains("third"), "\(groups)")
        try gatehouse.expect("POST", "/platform/group", state.token, ["group_name": "later"], 201)
        gatehouse.signal(SIGKILL)
        _ = try gatehouse.waitForExit()
      }
      try await withGatehouse(dumps: state.generated) { (gatehouse: GatehouseProcess) async throws in
        #expect(try state.groups(gatehouse, ["first", "third", "later"]) == ["first", "later"])
        try gatehouse.waitForLog("took the lease")
        #expect(!gatehouse.log.contains("journal.cut.bytes"), "\(gatehouse.log)")
      }
    }
  }

  /// Makes system calls that touch a file fail.
  ///
  /// - Returns: `nil` where strace does not work.
  private func failing(_ fault: String, _ file: URL, in root: URL) throws -> URL? {
    let wrapper = try Wrapper.script(
      "failing", in: root,
      "strace -D -f -qq -o /dev/null -e trace=openat,/stat,pread64 -e inject=\(fault) -P '\(file.path())' \"$@\"")
    guard try Wrapper.run([wrapper.path(), "true"]) else {
      try skip("strace does not work here")
      return nil
    }
    return wrapper
  }

  @Test(
    "does not take an error of the volume for damage or for the journal's end, and tries again",
    arguments: [
      "openat:error=ENOENT:when=1..3", "openat:error=ESTALE:when=1..3", "openat:error=EIO:when=1..3",
      "/stat:error=ESTALE:when=1..3",
      "pread64:error=EIO:when=1..3", "pread64:error=ESTALE:when=7..8",
    ])
  func volumeError(fault: String) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let state = try await KilledGateway(in: root)
      guard let wrapper = try failing(fault, state.journal, in: root) else { return }
      let gatehouse = try GatehouseProcess(dumps: state.generated, through: wrapper)
      defer { gatehouse.signal(SIGKILL) }
      try gatehouse.waitUntilReady()
      try gatehouse.waitForLog("took the lease")
      let waiting = gatehouse.log.split(separator: "\n").first { $0.contains("can't be read; trying again") }
      #expect(waiting?.contains(state.journal.path()) == true, "\(gatehouse.log)")
      #expect(!gatehouse.log.contains("dump passed over") && !gatehouse.log.contains("journal.cut.bytes"))
      #expect(try state.groups(gatehouse) == ["first", "second", "third"])
    }
  }

  @Test("refuses when a journal stays unreadable, and has every change when it can be read again")
  func unreadable() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let state = try await KilledGateway(in: root)
      guard let wrapper = try failing("pread64:error=EIO", state.journal, in: root) else { return }
      let refused = try GatehouseProcess(dumps: state.generated, through: wrapper)
      #expect(try refused.waitForExit(within: .seconds(120)) == 74)
      let reason = refused.log.split(separator: "\n").first { $0.contains("so the gateway does not start") }
      #expect(reason?.contains("can't be read") == true && reason?.contains(state.journal.path()) == true)
      try await withGatehouse(dumps: state.generated) { (gatehouse: GatehouseProcess) async throws in
        #expect(try state.groups(gatehouse) == ["first", "second", "third"])
      }
    }
  }

  @Test(
    "has every change, whatever the name of the dumps is", arguments: ["my--state", "-", "a.journal-1-2", "Zähler [1]"])
  func names(stem: String) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let dumps = root.appending(path: "generated")
      let settings = ["MEM_DUMP_PATH": dumps.appending(path: stem + ".bin").path(percentEncoded: false)]
      try await withGatehouse(dumps: dumps, settings) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        #expect(try gatehouse.send("POST", "/platform/memory/dump", token: token).status == 200)
        try gatehouse.expect("POST", "/platform/group", token, ["group_name": "kept"], 201)
        gatehouse.signal(SIGKILL)
        _ = try gatehouse.waitForExit()
      }
      try await withGatehouse(dumps: dumps, settings) { (gatehouse: GatehouseProcess) async throws in
        let answer = try gatehouse.send("GET", "/platform/group/kept", token: gatehouse.logIn())
        #expect(answer.status == 200, "\(gatehouse.log)")
      }
    }
  }
}
