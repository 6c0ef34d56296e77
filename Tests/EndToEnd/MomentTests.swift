import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// The names of all groups.
private func groups(_ gatehouse: GatehouseProcess, _ token: String) throws -> Set<String> {
  let answer = try gatehouse.send("GET", "/platform/group/all?page_size=100", token: token)
  return Set(answer.text.matches(of: /"group_name":"([^"]*)"/).map { String($0.output.1) })
}

/// A state, with a time at which it was the state.
private struct Known {
  let time: String
  let groups: Set<String>

  init(_ gatehouse: GatehouseProcess, _ token: String) throws {
    groups = try EndToEnd.groups(gatehouse, token)
    let milliseconds = (Date().timeIntervalSince1970 * 1000).rounded(.up) + 1
    let date = Date(timeIntervalSince1970: milliseconds / 1000)
    let formatter = ISO8601DateFormatter()
    formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
    time = formatter.string(from: date)
    // The next change is later.
    _ = eventually { Date().timeIntervalSince1970 * 1000 > milliseconds + 1 ? true : nil }
  }
}

private func change(_ gatehouse: GatehouseProcess, _ token: String, add name: String) throws {
  #expect(
    try gatehouse.send("POST", "/platform/group", token: token, json: ["group_name": .string(name)]).status == 201)
}

private func change(_ gatehouse: GatehouseProcess, _ token: String, remove name: String) throws {
  #expect(try gatehouse.send("DELETE", "/platform/group/\(name)", token: token).status == 200)
}

private func restore(_ gatehouse: GatehouseProcess, _ token: String, _ body: JSONValue) throws -> HTTPAnswer {
  try gatehouse.send("POST", "/platform/memory/restore", token: token, json: body)
}

/// Kills the gateway, and starts the next one.
private func crash(_ gatehouse: inout GatehouseProcess, _ dumps: URL, _ changes: [String: String] = [:]) throws {
  gatehouse.signal(SIGKILL)
  _ = try gatehouse.waitForExit()
  gatehouse = try GatehouseProcess(dumps: dumps, changes)
  try gatehouse.waitUntilReady()
}

/// Runs `gatehouse dump restore`.
private func restoreOffline(_ dumps: URL, _ arguments: String...) throws -> (code: Int32, output: String) {
  let command = try GatehouseProcess(dumps: dumps, arguments: ["dump", "restore"] + arguments)
  return (try command.waitForExit(within: .seconds(60)), command.log)
}

@Suite("A moment of the past")
struct MomentTests {
  @Test("is restored by its time or sequence, whatever came between, and stays after a crash right behind the answer")
  func restoreByRequest() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let dumps = root.appending(path: "generated")
      var gatehouse = try GatehouseProcess(dumps: dumps)
      try gatehouse.waitUntilReady()
      let token = try gatehouse.logIn()
      var known: [Known] = []
      for number in 0..<6 {
        try change(gatehouse, token, add: "g\(number)")
        if number > 1 { try change(gatehouse, token, remove: "g\(number - 2)") }
        known.append(try Known(gatehouse, token))
        if number == 1 { #expect(try gatehouse.send("POST", "/platform/memory/dump", token: token).status == 200) }
        if number == 3 { try crash(&gatehouse, dumps) }
      }
      for moment in known + known.reversed() {
        let answer = try restore(gatehouse, token, ["at": .string(moment.time)])
        #expect(answer.status == 200, "\(answer.text)")
        #expect(try groups(gatehouse, token) == moment.groups)
        try crash(&gatehouse, dumps)
        #expect(try groups(gatehouse, token) == moment.groups)
        // The same state by its sequence.
        let sequence = try #require(
          answer.json.object?["response"]?.object?["sequence"] ?? answer.json.object?["sequence"])
        try change(gatehouse, token, add: "more")
        #expect(try restore(gatehouse, token, ["sequence": sequence]).status == 200)
        #expect(try groups(gatehouse, token) == moment.groups)
      }
      #expect(gatehouse.logs("restored from dump"))
      gatehouse.signal(SIGKILL)
    }
  }

  @Test("a restored dump stays after a crash right behind the answer", arguments: ["always", "interval", "off"])
  func restoreOfDump(journal: String) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let dumps = root.appending(path: "generated")
      let settings = ["MEM_JOURNAL": journal]
      var gatehouse = try GatehouseProcess(dumps: dumps, settings)
      try gatehouse.waitUntilReady()
      let token = try gatehouse.logIn()
      try change(gatehouse, token, add: "kept")
      #expect(try gatehouse.send("POST", "/platform/memory/dump", token: token).status == 200)
      let older = try #require(names(in: dumps).filter { $0.hasSuffix(".bin") }.max())
      let before = try groups(gatehouse, token)
      try change(gatehouse, token, add: "more")
      #expect(try gatehouse.send("POST", "/platform/memory/dump", token: token).status == 200)
      #expect(try restore(gatehouse, token, ["path": .string(older)]).status == 200)
      try crash(&gatehouse, dumps, settings)
      #expect(try groups(gatehouse, token) == before)
      gatehouse.signal(SIGKILL)
    }
  }

  @Test("is refused with a sentence that says what to do, and then nothing is changed")
  func refusals() async throws {
    try await withGatehouse { gatehouse in
      let token = try gatehouse.logIn()
      try change(gatehouse, token, add: "one")
      let before = try groups(gatehouse, token)
      let cases: [(JSONValue, Int, String, String)] = [
        (["path": "x.bin", "at": "2026-11-29T14:03:00Z"], 400, "MEM009", "Name one of path, at and sequence"),
        (["at": "14:03"], 400, "MEM009", "is no time of RFC 3339; write it as"),
        (["sequence": "12"], 400, "MEM009", "is no sequence; write it as"),
        (["at": "2001-01-01T00:00:00Z"], 404, "MEM010", "covered: from "),
        (["at": "2999-01-01T00:00:00Z"], 404, "MEM010", "still to come"),
        (["sequence": "99-1.5"], 404, "MEM010", "there is no journal 99-1; covered: from "),
      ]
      for (body, status, code, words) in cases {
        let answer = try restore(gatehouse, token, body)
        #expect(answer.status == status && answer.code == code && answer.text.contains(words), "\(answer.text)")
      }
      #expect(try groups(gatehouse, token) == before)
    }
  }

  @Test("is restored while no gateway runs, as a new dump, and back again")
  func restoreOffline() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let dumps = root.appending(path: "generated")
      var gatehouse = try GatehouseProcess(dumps: dumps)
      try gatehouse.waitUntilReady()
      let token = try gatehouse.logIn()
      let revoked = try gatehouse.logIn()
      try change(gatehouse, token, add: "good")
      let good = try Known(gatehouse, token)
      try change(gatehouse, token, remove: "good")
      #expect(try gatehouse.send("POST", "/platform/authorization/invalidate", token: revoked).status == 200)
      try change(gatehouse, token, add: "late")
      let late = try Known(gatehouse, token)

      let running = try EndToEnd.restoreOffline(dumps, "--at", good.time)
      #expect(running.code == 75)
      #expect(running.output.contains(#"send it POST /platform/memory/restore with {"at": ""#), "\(running.output)")
      #expect(try groups(gatehouse, token) == late.groups)

      gatehouse.signal(SIGKILL)
      _ = try gatehouse.waitForExit()
      let before = names(in: dumps)
      #expect(try EndToEnd.restoreOffline(dumps).code == 64)
      #expect(try EndToEnd.restoreOffline(dumps, "--at", good.time, "--sequence", "1-0").code == 64)
      #expect(try EndToEnd.restoreOffline(dumps, "--at", "14:03").code == 64)
      let uncovered = try EndToEnd.restoreOffline(dumps, "--at", "2001-01-01T00:00:00Z")
      #expect(uncovered.code == 65 && uncovered.output.contains("covered: from "), "\(uncovered.output)")
      #expect(names(in: dumps) == before)

      let restored = try EndToEnd.restoreOffline(dumps, "--at", good.time)
      #expect(restored.code == 0, "\(restored.output)")
      let files = before.filter { $0.hasPrefix("memory_dump") }
      #expect(Set(files).isSubset(of: names(in: dumps)), "a dump or a journal was removed")
      let back = try #require(restored.output.firstMatch(of: /--sequence ([0-9.-]+)/)).output.1
      gatehouse = try GatehouseProcess(dumps: dumps)
      try gatehouse.waitUntilReady()
      #expect(try groups(gatehouse, token) == good.groups)
      #expect(try gatehouse.send("GET", "/platform/user/me", token: revoked).status == 401)
      #expect(try gatehouse.stop() == 0)

      let undone = try EndToEnd.restoreOffline(dumps, "--sequence", String(back))
      #expect(undone.code == 0, "\(undone.output)")
      gatehouse = try GatehouseProcess(dumps: dumps)
      try gatehouse.waitUntilReady()
      #expect(try groups(gatehouse, token) == late.groups)
      gatehouse.signal(SIGKILL)
    }
  }
}
