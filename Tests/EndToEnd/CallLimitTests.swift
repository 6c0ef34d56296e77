import Foundation
import JSON
import TestSupport
import Testing

@Suite("Limits of a user's calls")
struct CallLimitTests {
  /// A window that ends while no test runs, as good as never.
  private static let window: JSONValue = "year"

  /// - Parameter answer: of the server, to each call.
  private func withCaller(
    _ limits: JSONObject, answer: String = UpstreamScripts.good,
    _ body: (GatehouseProcess, _ caller: String, _ admin: String) throws -> Void
  ) async throws {
    let server = try ScriptedServer { connection in
      while let head = connection.receiveHead(), connection.receiveBody(of: head) != nil, connection.send(answer) {}
    }
    defer { server.stop() }
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      try gatehouse.createAPI("test", servers: [server.url], token: token, ["api_public": false])
      let caller = try gatehouse.createCaller("caller", token: token, apis: ["test"], limits)
      try body(gatehouse, caller, token)
    }
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
    try await withCaller(rateLimit(60)) { (gatehouse: GatehouseProcess, caller: String, admin: String) throws in
      for _ in 0..<2 {
        let answers = try gatehouse.callAtOnce(120, token: caller)
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
      let answers = try gatehouse.callAtOnce(6, token: caller)
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

  /// An answer whose body is larger than all other parts of a call.
  private static let large =
    "HTTP/1.1 200 OK\r\ncontent-length: 8000\r\n\r\n" + String(repeating: "a", count: 8000)

  /// The bytes of the names and values of the fields in a request.
  private func fieldSize(_ request: String) -> Int {
    // CR LF is one character.
    let lines = request.split(separator: "\r\n" as Character, omittingEmptySubsequences: false)
    return lines.dropFirst().prefix { !$0.isEmpty }.reduce(0) { $0 + $1.utf8.count - ": ".utf8.count }
  }

  /// The bandwidth that the user `caller` has used, and the end of the window.
  private func use(_ gatehouse: GatehouseProcess, _ admin: String) throws -> (bytes: Int?, end: Int?) {
    let user = try gatehouse.send("GET", "/platform/user/caller", token: admin).json.object
    return (user?["bandwidth_usage_bytes"]?.number?.int, user?["bandwidth_resets_at"]?.number?.int)
  }

  @Test("of bandwidth count both directions to the byte, and are shown while they are on")
  func bandwidth() async throws {
    let limits: JSONObject = ["bandwidth_limit_bytes": 40_000, "bandwidth_limit_window": "month"]
    try await withCaller(limits, answer: Self.large) {
      (gatehouse: GatehouseProcess, caller: String, admin: String) throws in
      #expect(try use(gatehouse, admin).bytes == 0)
      let end = try use(gatehouse, admin).end ?? 0
      #expect(end > Int(Date().timeIntervalSince1970) && end % 2_592_000 == 0)
      let (token, body) = ("Authorization: Bearer \(caller)\r\n", String(repeating: "b", count: 5000))
      let declared = call("/good", "POST", token, body: body)
      let chunked =
        call("/good", "POST", token + "Transfer-Encoding: chunked\r\n") + "1388\r\n\(body)\r\n0\r\n\r\n"
      var expected = 0
      for request in [declared, chunked] {
        let connection = try HTTPConnection(port: gatehouse.port)
        try connection.send(request)
        #expect(try connection.receive().body.count == 8000)
        expected += fieldSize(request) + 5000 + Self.large.utf8.count
        #expect(try use(gatehouse, admin).bytes == expected)
      }
      // One that would go over the limit is refused before it goes to the server, and costs nothing.
      let large = [UInt8](repeating: UInt8(ascii: "b"), count: 15_000)
      let refused = try gatehouse.send("POST", "/api/rest/test/v1/good", token: caller, raw: large)
      #expect(refused.status == 429 && refused.code == "GTW431" && refused.header("retry-after") != nil)
      #expect(try use(gatehouse, admin).bytes == expected)
      #expect(try gatehouse.send("DELETE", "/api/caches", token: admin).status == 200)
      #expect(try use(gatehouse, admin).bytes == expected, "clearing caches leaves it")
      try gatehouse.expect("PUT", "/platform/user/caller", admin, ["bandwidth_limit_enabled": false])
      #expect(try use(gatehouse, admin).bytes == nil)
      #expect(try gatehouse.send("POST", "/api/rest/test/v1/good", token: caller, raw: large).status == 200)
    }
  }

  @Test("of bandwidth count a call that was sent to a server, also if its last try reached none")
  func lostTries() async throws {
    let (server, refusing) = (try ScriptedServer(UpstreamScripts.run), try RefusingPort())
    defer { server.stop() }
    try await withGatehouse(["HTTP_RETRY_BASE_DELAY": "0.01"]) { (gatehouse: GatehouseProcess) async throws in
      let (admin, nobody) = (try gatehouse.logIn(), "http://127.0.0.1:\(refusing.port)")
      try gatehouse.createAPI("none", servers: [nobody], token: admin, ["api_public": false])
      try gatehouse.createAPI(
        "test", servers: [server.url, nobody], token: admin, ["api_public": false, "api_allowed_retry_count": 1])
      let limits: JSONObject = ["bandwidth_limit_bytes": 40_000, "bandwidth_limit_window": "month"]
      let caller = try gatehouse.createCaller("caller", token: admin, apis: ["none", "test"], limits)
      let request = call("/close", "GET", "Authorization: Bearer \(caller)\r\n")
      // No server gets anything of the first call. The second one goes to a server that closes the connection.
      for (name, count) in [("none", 0), ("test", 1)] {
        let connection = try HTTPConnection(port: gatehouse.port)
        try connection.send(request.replacing("/test/", with: "/\(name)/"))
        let answer = try connection.receive()
        #expect(answer.code == "GTW006" && server.count(of: "/close") == count, "\(name): \(answer.status)")
        #expect(try use(gatehouse, admin).bytes == count * (fieldSize(request) + answer.body.count), "\(name)")
      }
    }
    withExtendedLifetime(refusing) {}
  }
}
