import Foundation
import JSON
import TestSupport
import Testing

@Suite("Limits of a user's calls")
struct CallLimitTests {
  /// A window that ends while no test runs, as good as never.
  private static let window: JSONValue = "year"

  private func withCaller(
    _ limits: JSONObject, _ body: (GatehouseProcess, _ caller: String, _ admin: String) throws -> Void
  ) async throws {
    let server = try ScriptedServer(UpstreamScripts.run)
    defer { server.stop() }
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      try gatehouse.createAPI("test", servers: [server.url], token: token, ["api_public": false])
      let caller = try gatehouse.createCaller("caller", token: token, apis: ["test"], limits)
      try body(gatehouse, caller, token)
    }
  }

  /// Sends one call on each of many connections at once, and returns the answers.
  private func callAtOnce(_ count: Int, _ gatehouse: GatehouseProcess, _ token: String) throws -> [HTTPAnswer] {
    let connections = try (0..<count).map { _ in try HTTPConnection(port: gatehouse.port) }
    for connection in connections { try connection.send(call("/good", "GET", "Authorization: Bearer \(token)\r\n")) }
    return try connections.map { try $0.receive() }
  }

  /// The answers with a status and a code. Those with 429 must say when to come again.
  private func count(_ answers: [HTTPAnswer], _ status: Int, _ code: String?) -> Int {
    var count = 0
    for answer in answers where answer.status == status && answer.code == code {
      let seconds = answer.header("retry-after").flatMap { Int($0) }
      if status == 429 ? (seconds ?? 0) > 0 : seconds == nil { count += 1 }
    }
    return count
  }

  @Test("let exactly as many calls pass as they say, over all connections")
  func rate() async throws {
    let limits: JSONObject = ["rate_limit_duration": 60, "rate_limit_duration_type": Self.window]
    try await withCaller(limits) { (gatehouse: GatehouseProcess, caller: String, admin: String) throws in
      for _ in 0..<2 {
        let answers = try callAtOnce(120, gatehouse, caller)
        #expect(count(answers, 200, nil) == 60)
        #expect(count(answers, 429, "GTW429") == 60)
        // Calls that end before the limit are not counted, nor refused for it.
        #expect(try gatehouse.send("GET", "/api/rest/test/v1/a/b", token: caller).code == "GTW003")
        #expect(try gatehouse.send("DELETE", "/api/caches", token: admin).status == 200)
      }
      #expect(try gatehouse.send("DELETE", "/api/caches", token: caller).code == "GTW008")
    }
  }

  @Test("of the throttle make calls wait, and refuse those beyond the queue")
  func throttle() async throws {
    let limits: JSONObject = [
      "throttle_duration": 2, "throttle_duration_type": Self.window, "throttle_queue_limit": 4,
      "throttle_wait_duration": 1, "throttle_wait_duration_type": "second",
    ]
    try await withCaller(limits) { (gatehouse: GatehouseProcess, caller: String, _: String) throws in
      let answers = try callAtOnce(6, gatehouse, caller)
      #expect(count(answers, 200, nil) == 4)
      #expect(count(answers, 429, "GTW430") == 2)
      let waits = answers.compactMap { $0.header("x-gateway-time").flatMap { Int($0) } }.sorted()
      #expect(waits.count == 4)
      let (third, fourth) = (waits.dropFirst(2).first ?? 0, waits.last ?? 0)
      #expect(third >= 1000 && fourth >= 2000, "\(waits)")
    }
  }

  @Test("of the throttle hold up nobody else, and forget clients that leave")
  func waitingCalls() async throws {
    let limits: JSONObject = [
      "throttle_duration": 1, "throttle_duration_type": Self.window, "throttle_queue_limit": 1000,
      "throttle_wait_duration": 60, "throttle_wait_duration_type": "second",
    ]
    try await withCaller(limits) { (gatehouse: GatehouseProcess, caller: String, admin: String) throws in
      let other = try gatehouse.createCaller("other", token: admin, apis: ["test"])
      #expect(try gatehouse.send("GET", "/api/rest/test/v1/good", token: caller).status == 200)
      let before = try gatehouse.openDescriptors()
      var waiting = try (0..<200).map { _ in try HTTPConnection(port: gatehouse.port) }
      for connection in waiting { try connection.send(call("/good", "GET", "Authorization: Bearer \(caller)\r\n")) }
      for _ in 0..<20 {
        #expect(try gatehouse.send("GET", "/api/rest/test/v1/good", token: other).status == 200)
      }
      #expect(waiting.allSatisfy { !$0.isClosedAlready })
      waiting.removeAll()
      #expect(try eventually { try gatehouse.openDescriptors() <= before + 2 ? true : nil } == true)
    }
  }

  @Test("of bandwidth count both directions, and are shown while they are on")
  func bandwidth() async throws {
    let limits: JSONObject = ["bandwidth_limit_bytes": 20_000, "bandwidth_limit_window": "month"]
    try await withCaller(limits) { (gatehouse: GatehouseProcess, caller: String, admin: String) throws in
      let use = { () throws -> (bytes: Int?, end: Int?) in
        let user = try gatehouse.send("GET", "/platform/user/caller", token: admin).json.object
        return (user?["bandwidth_usage_bytes"]?.number?.int, user?["bandwidth_resets_at"]?.number?.int)
      }
      #expect(try use().bytes == 0)
      let end = try use().end ?? 0
      #expect(end > Int(Date().timeIntervalSince1970) && end % 2_592_000 == 0)
      let body = [UInt8](repeating: UInt8(ascii: "b"), count: 5000)
      #expect(try gatehouse.send("POST", "/api/rest/test/v1/good", token: caller, raw: body).status == 200)
      let declared = try use().bytes ?? 0
      #expect(declared > 5100 && declared < 6500, "\(declared)")
      let chunked = try HTTPConnection(port: gatehouse.port, patience: 10)
      try chunked.send(
        call("/good", "POST", "Authorization: Bearer \(caller)\r\nTransfer-Encoding: chunked\r\n")
          + "1388\r\n\(String(repeating: "b", count: 5000))\r\n0\r\n\r\n")
      #expect(try chunked.receive().status == 200)
      #expect((try use().bytes ?? 0) > declared + 5100)
      // One that would go over the limit is refused before it goes to the server, and costs nothing.
      let before = try use().bytes
      let large = [UInt8](repeating: UInt8(ascii: "b"), count: 15_000)
      let refused = try gatehouse.send("POST", "/api/rest/test/v1/good", token: caller, raw: large)
      #expect(refused.status == 429 && refused.code == "GTW431" && refused.header("retry-after") != nil)
      #expect(try use().bytes == before)
      #expect(try gatehouse.send("DELETE", "/api/caches", token: admin).status == 200)
      #expect(try use().bytes == before, "clearing caches leaves it")
      try gatehouse.expect("PUT", "/platform/user/caller", admin, ["bandwidth_limit_enabled": false])
      #expect(try use().bytes == nil)
      #expect(try gatehouse.send("POST", "/api/rest/test/v1/good", token: caller, raw: large).status == 200)
    }
  }
}
