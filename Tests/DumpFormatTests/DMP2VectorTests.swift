import Foundation
import JSON
import TestSupport
import Testing

@testable import DumpFormat

@Suite("DMP2 and an independent reader")
struct DMP2VectorTests {
  @Test("reads the vectors, which a program in Python wrote")
  func vectors() throws {
    let vectors = try kept()
    #expect(vectors.count == 4)
    for vector in vectors.compactMap(\.object) {
      let key = DumpKey(try #require(vector["key"]?.string))
      let bytes = [UInt8](hex: try #require(vector["file"]?.string))
      let header = try #require(vector["header"]?.object)
      let list = try #require(vector["collections"]?.array)
      let collections = list.compactMap(\.object)
      let (contents, summary) = try DMP2Samples.read(bytes, keyring: DumpKeyring(sealing: key))
      #expect(summary.createdAt == header["created_at"]?.string)
      #expect(summary.order?.epoch == header["epoch"]?.number?.int)
      #expect(summary.header.predecessor == header["predecessor"]?.string)
      #expect(contents.groups == collections.compactMap { $0["name"]?.string })
      for collection in collections {
        let name = try #require(collection["name"]?.string)
        #expect(contents.records[name] ?? [] == collection["documents"]?.array?.compactMap(\.string))
      }
    }
  }

  @Test(
    "is read by the program in Python as it was written",
    arguments: ["short-key", "a long key of more than 32 characters"])
  func python(key: String) async throws {
    try await withTemporaryDirectory { (directory: URL) throws in
      let file = directory.appending(path: "dump.bin")
      let users = (0..<500).map { "{\"_id\":\"\($0)\",\"name\":\"Zoë \($0)\"}" }
      let bytes = try DMP2Samples.sealed(
        [("users", users), ("empty", []), ("é", ["{}"])], chunkSize: 5000, key: DumpKey(key),
        header: DMP2Samples.header(after: "00ff"))
      try Data(bytes).write(to: file)
      let (code, output) = try run(["read", file.path()], key: key)
      try #require(code == 0, "\(output)")
      let dump = try JSONParser().parseObject(Array(output.utf8))
      #expect(dump["header"]?.object?["epoch"] == .integer(3))
      #expect(dump["header"]?.object?["predecessor"] == "00ff")
      #expect(
        dump["collections"]
          == .object([
            "users": .array(users.map { .string($0) }), "empty": .array([]), "é": .array(["{}"]),
          ]))
      #expect(try run(["read", file.path()], key: "another key of more than 32 characters").code == 65)
      var damaged = bytes
      damaged[bytes.count / 2] ^= 1
      try Data(damaged).write(to: file)
      #expect(try run(["read", file.path()], key: key).code == 65)
    }
  }

  @Test("has vectors that the program in Python writes again")
  func reproduction() throws {
    let (code, output) = try run(["vectors"], key: "")
    #expect(code == 0)
    // Frames differ between versions of libzstd, so only what is not compressed is the same everywhere.
    let written = try #require(try JSONParser().parse(Array(output.utf8)).array)
    let kept = try kept()
    #expect(written.count == kept.count && written[1] == kept[1])
  }

  private func kept() throws -> [JSONValue] {
    let text = [UInt8](try Fixture.data("dmp2-vectors.json"))
    return try #require(try JSONParser().parse(text).array)
  }

  private func run(_ arguments: [String], key: String) throws -> (code: Int32, output: String) {
    // The tests may be built through links.
    let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
      .deletingLastPathComponent()
      .deletingLastPathComponent()
    let own = root.appending(path: ".build-python/bin/python3").path()
    let process = ChildProcess()
    process.executableURL = URL(filePath: "/usr/bin/env")
    let python = access(own, X_OK) == 0 ? own : "python3"
    process.arguments = [python, root.appending(path: "Tests/DumpReader/dmp2.py").path()] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(["MEM_ENCRYPTION_KEY": key]) { $1 }
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: text, as: UTF8.self))
  }
}
