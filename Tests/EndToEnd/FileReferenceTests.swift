import Foundation
import JSON
import TestSupport
import Testing

/// Compares examples with real objects: their members, and the kinds of their values.
private enum Shape {
  /// Maps whose members are data.
  private static let maps: Set = ["collections"]

  /// The differences. `null` fits everything, as does an empty list.
  static func faults(_ example: JSONValue, _ real: JSONValue, at path: String = "$") -> [String] {
    if example.isNull || real.isNull || maps.contains(where: path.hasSuffix) { return [] }
    if let example = example.object, let real = real.object {
      let (named, found) = (Set(example.keys), Set(real.keys))
      return named.subtracting(found).sorted().map { "\(path).\($0) is in the page only" }
        + found.subtracting(named).sorted().map { "\(path).\($0) is not in the page" }
        + named.intersection(found).sorted().flatMap { key in
          faults(example[key] ?? .null, real[key] ?? .null, at: "\(path).\(key)")
        }
    }
    if let example = example.array, let real = real.array {
      guard let one = example.first, let other = real.first else { return [] }
      return faults(one, other, at: "\(path)[]")
    }
    return kind(example) == kind(real) ? [] : ["\(path) is \(kind(real)), not \(kind(example))"]
  }

  private static func kind(_ value: JSONValue) -> String {
    if value.object != nil { return "an object" }
    if value.array != nil { return "a list" }
    if value.string != nil { return "text" }
    return value.number != nil ? "a number" : "a truth value"
  }
}

@Suite("The page of files and JSON")
struct FileReferenceTests {
  private static func page() throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: "docs/reference/files.md"), encoding: .utf8)
  }

  /// The first block of JSON below a heading.
  private static func example(_ heading: String) throws -> JSONValue {
    let section = try #require(try page().components(separatedBy: "# \(heading)\n").dropFirst().first)
    let block = try #require(section.firstMatch(of: /```json\n(.*)\n```/))
    return try JSONParser().parse(Array(block.output.1.utf8))
  }

  /// The patterns of the table of files, as expressions: a part in angle brackets stands for any text.
  private static func patterns() throws -> [Regex<Substring>] {
    let section = try #require(try page().components(separatedBy: "## Files in the dump directory\n").last)
    let table = section[..<(section.firstRange(of: "\n## ")?.lowerBound ?? section.endIndex)]
    return try table.matches(of: /(?m)^\| `([^`]+)` \|/).map { row in
      let escaped = String(row.output.1).replacing(".", with: "\\.").replacing(/<[a-z]+>/, with: "[^/]+")
      return try Regex(escaped, as: Substring.self)
    }
  }

  private func files(in directory: URL) -> [String] {
    let found = FileManager.default.enumerator(atPath: directory.path())?.compactMap { $0 as? String } ?? []
    return found.filter { name in
      var isDirectory: ObjCBool = false
      let path = directory.appending(path: name).path()
      return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && !isDirectory.boolValue
    }
  }

  private func expectShape(_ heading: String, of output: String) throws {
    let real = try JSONParser().parse(Array(output.utf8))
    let faults = Shape.faults(try Self.example(heading), real)
    #expect(faults == [], "files.md: \(heading)")
  }

  @Test("has the members of what both programs print and write, and the name of each file")
  func real() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let dumps = root.appending(path: "generated")
      let rules = ["KEEP_LAST": "1", "SIDECAR_METRICS_PORT": "0"]
      try await withGatehouse(dumps: dumps, SidecarProcess.account) { (gatehouse: GatehouseProcess) async throws in
        for _ in 1...2 {
          #expect(try SidecarProcess.run(["drain"], dumps: dumps, port: gatehouse.port).code == 0)
        }
        let gateway = { (arguments: [String]) throws -> String in
          let process = try GatehouseProcess(dumps: dumps, arguments: arguments)
          #expect(try process.waitForExit() == 0)
          return process.log
        }
        try "x".write(to: dumps.appending(path: "other-20261128T195048Z.bin"), atomically: true, encoding: .utf8)
        try FileManager.default.createSymbolicLink(
          atPath: dumps.appending(path: "memory_dump-20261128T195050Z.bin").path(), withDestinationPath: "gone")
        for command in ["dump list", "dump inspect", "dump verify"] {
          let output = try gateway(command.split(separator: " ").map(String.init) + ["--json"])
          try expectShape("`gatehouse \(command) --json`", of: output)
        }
        for command in ["list", "prune", "health"] {
          let output = try SidecarProcess.run([command, "--json"], dumps: dumps, rules).output
          try expectShape("`gatehouse-sidecar \(command) --json`", of: output)
        }
        let verified = try SidecarProcess.run(["verify", "--json"], dumps: dumps).output
        try expectShape("`gatehouse dump verify --json`", of: verified)
        try expectShape("Lease", of: String(contentsOf: dumps.appending(path: "lease.json"), encoding: .utf8))
      }
      try expectShape("Receipt of a drain", of: SidecarProcess.run(["receipt", "--json"], dumps: dumps).output)
      try FileManager.default.removeItem(at: dumps.appending(path: "other-20261128T195048Z.bin"))
      let (found, patterns) = (files(in: dumps), try Self.patterns())
      #expect(found.contains { $0.hasPrefix("trash/") } && found.count >= 8)
      for file in found {
        #expect(
          patterns.contains { file.wholeMatch(of: $0) != nil }, "files.md, Files in the dump directory, lacks \(file)")
      }
    }
  }

  @Test("has the members of what the commands of journals and the comparison of dumps print")
  func reports() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let dumps = root.appending(path: "generated")
      try await withGatehouse(dumps: dumps) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        let change = { (description: String) throws in
          let answer = try gatehouse.send(
            "PUT", "/platform/group/ALL", token: token, json: ["group_description": .string(description)])
          #expect(answer.status == 200, "\(answer.text)")
        }
        let dump = { () throws -> String in
          let answer = try gatehouse.send("POST", "/platform/memory/dump", token: token)
          return try #require(answer.json.value(at: "response.path")?.string, "\(answer.text)")
        }
        let before = try dump()
        try change("one")
        let after = try dump()
        try change("two")
        for (command, code) in [
          ("journal list", 0), ("journal inspect", 0), ("journal verify", 0),
          ("dump diff \(before) \(after)", 1),
        ] {
          let process = try GatehouseProcess(
            dumps: dumps, arguments: command.split(separator: " ").map(String.init) + ["--json"])
          #expect(try process.waitForExit() == Int32(code))
          let name = command.split(separator: " ").prefix(2).joined(separator: " ")
          try expectShape("`gatehouse \(name) --json`", of: process.log)
        }
      }
    }
  }

  @Test("has the members of the settings, of a check that watches, and of a fetched copy")
  func others() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let settings = try GatehouseProcess(dumps: root, arguments: ["config", "check", "--json"])
      #expect(try settings.waitForExit() == 0)
      let real = try JSONParser().parseObject(Array(settings.log.utf8))
      let example = try #require(try Self.example("`gatehouse config check --json`").object)
      for name in example.keys {
        let faults = Shape.faults(try #require(example[name]), try #require(real[name]))
        #expect(faults == [], "files.md: `gatehouse config check --json`, \(name)")
      }
      let watching = try SidecarProcess.run(
        ["health", "--watching", "--json"], dumps: root, ["SIDECAR_METRICS_PORT": "1"])
      try expectShape("`gatehouse-sidecar health --watching --json`", of: watching.output)
    }
  }

  @Test("is compared by something that finds a member that is missing, one that is gone, and another kind")
  func seeded() throws {
    let faults = { (one: String, other: String) throws in
      Shape.faults(try JSONParser().parse(Array(one.utf8)), try JSONParser().parse(Array(other.utf8)))
    }
    #expect(try faults(#"{"a":1,"b":[{"c":"x"}],"d":null}"#, #"{"a":2,"b":[{"c":"y"}],"d":{"e":1}}"#) == [])
    #expect(try faults(#"{"a":1}"#, #"{"b":1}"#).count == 2)
    #expect(try faults(#"{"b":[{"c":"x"}]}"#, #"{"b":[{"c":1}]}"#) == ["$.b[].c is a number, not text"])
    #expect(try faults(#"{"collections":{"users":1}}"#, #"{"collections":{"roles":1}}"#) == [])
  }
}
