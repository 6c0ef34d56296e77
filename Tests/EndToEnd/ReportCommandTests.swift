import Foundation
import JSON
import TestSupport
import Testing

/// Runs a command of the gateway's program beside a gateway that works.
private func run(
  _ arguments: [String], _ dumps: URL, _ environment: [String: String] = [:]
) throws -> (code: Int32, output: String) {
  let process = try GatehouseProcess(dumps: dumps, environment, arguments: arguments)
  return (try process.waitForExit(), process.log)
}

private func object(_ output: String) throws -> JSONObject { try JSONParser().parseObject(Array(output.utf8)) }

private let password = "Example-Passw0rd!x"

private func call(
  _ gatehouse: GatehouseProcess, _ token: String, _ method: String, _ path: String, _ body: JSONValue? = nil
) throws {
  let answer =
    if let body { try gatehouse.send(method, path, token: token, json: body) } else {
      try gatehouse.send(method, path, token: token)
    }
  guard (200...201).contains(answer.status) else { throw HTTPFailure(description: "\(path): \(answer.text)") }
}

private func user(_ name: String, _ attributes: JSONValue) -> JSONValue {
  [
    "username": .string(name), "email": .string("\(name)@example.com"), "password": .string(password),
    "role": "admin", "groups": ["ALL"], "custom_attributes": attributes,
  ]
}

/// Asks for a dump, and returns its name.
private func dump(_ gatehouse: GatehouseProcess, _ token: String) throws -> String {
  let answer = try gatehouse.send("POST", "/platform/memory/dump", token: token)
  let path = try #require(answer.json.value(at: "response.path")?.string, "\(answer.text)")
  return URL(filePath: path).lastPathComponent
}

@Suite("The commands that show what changed")
struct ReportCommandTests {
  @Test("read the journal of a gateway that writes it, and name the group that somebody deleted")
  func journal() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        try call(
          gatehouse, token, "POST", "/platform/group", ["group_name": "Bücher \"rot\"", "group_description": "é"])
        _ = try dump(gatehouse, token)
        try call(gatehouse, token, "POST", "/platform/user", user("jürgen", ["api_key": "k-123", "team": "blau"]))
        let path = try #require(
          "/platform/group/Bücher \"rot\"".addingPercentEncoding(withAllowedCharacters: .urlPathAllowed))
        try call(gatehouse, token, "DELETE", path)

        let list = try run(["journal", "list", "--json"], generated)
        let journals = try object(list.output)["journals"]?.array?.compactMap(\.object) ?? []
        let newest = try #require(journals.last)
        #expect(
          list.code == 0 && journals.count == 2 && newest["closed"] == false && newest["commits"]?.number?.int ?? 0 >= 2
        )
        #expect(newest["follows"]?.object?["dump"]?.string?.hasSuffix(".bin") == true)

        let inspect = try run(["journal", "inspect"], generated)
        #expect(inspect.code == 0)
        #expect(inspect.output.contains("  by admin\n  added  users  jürgen\n"), "\(inspect.output)")
        // The journal has only its _id; the dump before it has its name.
        #expect(inspect.output.contains("  by admin\n  removed  groups  \"Bücher \\\"rot\\\"\"\n"), "\(inspect.output)")
        for secret in [password, "k-123", "$2b$", "$2y$"] { #expect(!inspect.output.contains(secret)) }
        let last = try object(run(["journal", "inspect", "1-1", "--last", "1", "--json"], generated).output)
        #expect(last["shown"]?.array?.count == 1 && last["error"] == .null)

        let verify = try run(["journal", "verify"], generated)
        #expect(
          verify.code == 0 && verify.output.contains("\nchain  a start restores memory_dump-"), "\(verify.output)")
        for name in ["memory_dump.journal-1-1", "1-1"] {
          #expect(try run(["journal", "verify", name], generated).code == 0)
        }
      }
    }
  }

  @Test("tell damage, a wrong key, a missing file and wrong arguments apart by their exit codes")
  func exitCodes() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        for name in ["one", "two", "three"] {
          try call(gatehouse, token, "POST", "/platform/group", ["group_name": .string(name)])
        }
        let journal = generated.appending(path: "memory_dump.journal-1-0")
        let copy = root.appending(path: "memory_dump.journal-1-0")
        var bytes = try Data(contentsOf: journal)
        bytes[1100] ^= 1
        try bytes.write(to: copy)
        for arguments in [["verify"], ["inspect"]] {
          let result = try run(["journal"] + arguments + [copy.path()], generated)
          #expect(result.code == 65 && result.output.contains("damaged"), "\(result)")
        }
        let other = ["MEM_ENCRYPTION_KEY": "another-key-0123456789abcdef0123"]
        for arguments in [["verify"], ["inspect"], ["verify", journal.path()]] {
          let result = try run(["journal"] + arguments, generated, other)
          #expect(result.code == 65 && result.output.contains("MEM_ENCRYPTION_KEYS_OLD"), "\(result)")
          #expect(!result.output.contains("damaged"), "\(result)")
        }
        #expect(try run(["journal", "inspect", "none"], generated).code == 74)
        #expect(try run(["dump", "diff", "none", "none"], generated).code == 74)
        for arguments in [
          ["journal", "inspect", "--from", "14:03"], ["journal", "inspect", "--last", "0"], ["dump", "diff", "a"],
        ] {
          #expect(try run(arguments, generated).code == 64, "\(arguments)")
        }
        let empty = root.appending(path: "none")
        #expect(try run(["journal", "list"], empty).code == 73)
        #expect(try run(["journal", "verify"], empty).code == 73)
      }
    }
  }

  @Test("compare two dumps field by field, show no secret, and end with 1 when they differ")
  func difference() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        try call(gatehouse, token, "POST", "/platform/group", ["group_name": "partners"])
        try call(gatehouse, token, "POST", "/platform/user", user("alice", ["api_key": "k-123", "team": "blue"]))
        try call(
          gatehouse, token, "POST", "/platform/api",
          ["api_name": "orders", "api_version": "v1", "api_description": "see http://u:geheim@127.0.0.1:1"])
        let before = try dump(gatehouse, token)
        try call(gatehouse, token, "DELETE", "/platform/group/partners")
        try call(
          gatehouse, token, "PUT", "/platform/user/alice",
          ["email": "Ä\r\n@example.com", "custom_attributes": ["api_key": "k-456", "team": "blau"]])
        try call(
          gatehouse, token, "PUT", "/platform/user/alice/update-password", ["new_password": "Another-Passw0rd!x"])
        try call(
          gatehouse, token, "PUT", "/platform/api/orders/v1", ["api_description": "see http://u:anders@127.0.0.1:1"])
        try call(gatehouse, token, "POST", "/platform/group", ["group_name": "Bücher", "group_description": "a \"b\""])
        let after = try dump(gatehouse, token)

        let same = try run(["dump", "diff", before, before], generated)
        #expect(same.code == 0 && same.output.hasSuffix("\nno difference\n"))
        let text = try run(["dump", "diff", before, after], generated)
        #expect(text.code == 1)
        for line in [
          "users  1 changed\n  ~ alice\n", #"      email: "alice@example.com" -> "Ä\r\n@example.com""#,
          "      password: a secret, changed\n", "      custom_attributes.api_key: a secret, changed\n",
          #"      custom_attributes.team: "blue" -> "blau""#, "groups  1 removed, 1 added\n  - partners\n",
          "  + Bücher\n",
          #"      group_description: "a \"b\"""#, "  ~ orders v1\n",
          #"      api_description: "see http://***@127.0.0.1:1", in which a secret changed"#,
        ] {
          #expect(text.output.contains(line), "\(line)\n\(text.output)")
        }
        let json = try run(["dump", "diff", before, after, "--json"], generated)
        let difference = try object(json.output)
        #expect(json.code == 1 && difference["same"] == false && difference["removed"] == 1 && difference["added"] == 1)
        for secret in [password, "k-123", "k-456", "geheim", "anders", "$2b$", "$2y$"] {
          #expect(!text.output.contains(secret) && !json.output.contains(secret), "\(secret)")
        }
        // The dump has number 1-1, and the first commit behind it deleted the group.
        let moment = try run(["dump", "diff", before, "@1-1.1"], generated)
        #expect(moment.code == 1 && moment.output.hasSuffix("\n1 removed\n"), "\(moment)")
        #expect(moment.output.contains("\(before)@1-1.1  ") && moment.output.contains("  - partners\n"))
        for state in ["\(before)@1-1", "@1-1"] {
          #expect(try run(["dump", "diff", before, state], generated).code == 0)
        }
        let last = try object(run(["journal", "inspect", "1-1", "--last", "1", "--json"], generated).output)
        let time = try #require(last["shown"]?.array?.last?.object?["time"]?.string)
        for state in ["@\(time)", "\(before)@\(time)"] {
          #expect(try run(["dump", "diff", state, after], generated).code == 0, "\(state)")
        }
        for (state, code) in [
          ("@2999-01-01T00:00:00Z", 65), ("@3-", 64), ("\(after)@1-1", 64), ("\(after)@\(time)", 64), ("@1-99.5", 65),
        ] {
          #expect(try run(["dump", "diff", before, state], generated).code == Int32(code), "\(state)")
        }
        // The same documents in the other format are the same.
        #expect(
          try run(
            ["dump", "convert", after, "--format", "dmp1", "--into", root.appending(path: "d").path()], generated
          ).code == 0)
        // The second dump of a second has a number in its name, which the first one in another directory has not.
        let name = try #require(names(in: root.appending(path: "d")).first { $0.hasSuffix(".bin") })
        let converted = root.appending(path: "d/\(name)").path()
        let alike = try run(["dump", "diff", after, converted], generated)
        #expect(alike.code == 0, "\(alike)")
      }
    }
  }
}
