import Foundation
import JSON
import TestSupport
import Testing

@Suite("Hostile and clumsy clients")
struct HostileTests {
  private func groups(_ gatehouse: GatehouseProcess, _ token: String) throws -> Int? {
    try gatehouse.send("GET", "/platform/group/all", token: token).json.value(at: "total")?.number?.int
  }

  @Test("bodies that are no JSON, too deep, of wrong types or no UTF-8 are refused and change nothing")
  func bodies() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      let before = try groups(gatehouse, token)
      let deep = String(repeating: "[", count: 100_000)
      let bodies: [[UInt8]] =
        [
          "", "{", "nonsense", "[]", "null", "7", "{\"group_name\":7}", "{\"group_name\":null}",
          "{\"group_name\":\"\"}",
          "{\"group_name\":\"x\",}", "{\"group_name\":\"x\"} trailing", "{\"group_name\":\(deep)", deep,
          "{\"group_name\":\"x\",\"api_access\":[1]}", "{\"group_name\":\"\(String(repeating: "x", count: 51))\"}",
        ].map { Array($0.utf8) } + [Array("{\"group_name\":\"".utf8) + [0xFF, 0xFE] + Array("\"}".utf8), [0], [0xC3]]
      for body in bodies {
        let answer = try gatehouse.send("POST", "/platform/group", token: token, raw: body)
        #expect(answer.status == 422, "\(String(decoding: body.prefix(60), as: UTF8.self))")
        #expect(answer.code == "VAL001")
      }
      #expect(try groups(gatehouse, token) == before)
      let fault = try gatehouse.send("POST", "/platform/user", token: token, json: ["username": "al", "email": 7])
      for word in ["'username'", "'email'", "'password' is missing", "'role' is missing"] {
        #expect(fault.text.contains(word))
      }
    }
  }

  @Test("oversize bodies are refused without reading the rest, declared or chunked")
  func oversize() async throws {
    try await withGatehouse(["MAX_BODY_SIZE_BYTES": "2000"]) { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      let head = "POST /platform/group HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n"
      let declared = try HTTPConnection(port: gatehouse.port)
      try declared.send(head + "Content-Length: 1000000000\r\n\r\n{")
      let answer = try declared.receive()
      #expect(answer.status == 413)
      #expect(answer.code == "REQ001")
      #expect(declared.isClosedByServer())
      let chunked = try HTTPConnection(port: gatehouse.port)
      try chunked.send(head + "Transfer-Encoding: chunked\r\n\r\n")
      let chunk = "400\r\n" + String(repeating: "x", count: 1024) + "\r\n"
      for _ in 0..<3 { try? chunked.send(chunk) }
      #expect(try chunked.receive().code == "REQ001")
      #expect(chunked.isClosedByServer())
      let fitting = "{\"group_name\":\"g\",\"group_description\":\"\(String(repeating: "d", count: 200))\"}"
      let good = try HTTPConnection(port: gatehouse.port)
      try good.send(
        head + "Transfer-Encoding: chunked\r\n\r\n\(String(fitting.utf8.count, radix: 16))\r\n\(fitting)\r\n0\r\n\r\n")
      #expect(try good.receive().status == 201)
    }
  }

  @Test("tokens that are bad answer 401, whatever is wrong with them")
  func tokens() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let good = try gatehouse.logIn().split(separator: ".").map(String.init)
      let none = Data(#"{"alg":"none","typ":"JWT"}"#.utf8).base64EncodedString().replacing("=", with: "")
      for token in [
        "", "x", "a.b.c", "\(none).\(good[1]).", "\(none).\(good[1]).\(good[2])", "\(good[0]).\(good[1]).AAAA",
      ] {
        let answer = try gatehouse.send("GET", "/platform/user/me", token: token)
        #expect(answer.status == 401)
        #expect(answer.code == "GTW998")
      }
      let basic = try gatehouse.send(
        "GET", "/platform/user/me", headers: ["Authorization": "Basic \(good.joined(separator: "."))"])
      #expect(basic.status == 401)
    }
  }

  @Test("paths of dumps can't leave the directory")
  func traversal() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        try FileManager.default.createSymbolicLink(at: generated.appending(path: "link"), withDestinationURL: root)
        let paths = [
          "../x.bin", "/tmp/gatehouse-escape.bin", "\(root.path())/x.bin", "link/x.bin", "link/",
          "generated/../../x.bin", "", "a\u{0}b",
        ]
        for path in paths {
          for route in ["dump", "restore"] {
            let answer = try gatehouse.send(
              "POST", "/platform/memory/\(route)", token: token, json: ["path": .string(path)])
            #expect(answer.status == 400, "\(route) \(path)")
            #expect(answer.code == "MEM004", "\(route) \(path)")
          }
        }
        #expect(names(in: root).filter { $0.hasSuffix(".bin") } == [])
        #expect(!FileManager.default.fileExists(atPath: "/tmp/gatehouse-escape.bin"))
        let settings = try gatehouse.send(
          "PUT", "/platform/security/settings", token: token, json: ["dump_path": "/tmp/x.bin"])
        #expect(settings.status == 400)
        let inside = try gatehouse.send(
          "POST", "/platform/memory/dump", token: token, json: ["path": "generated/sub/x.bin"])
        #expect(inside.json.value(at: "response.path")?.string?.hasPrefix("\(generated.path())/sub/x-") == true)
        try Data("DMP1 is not all".utf8).write(to: generated.appending(path: "bad.bin"))
        let bad = try gatehouse.send("POST", "/platform/memory/restore", token: token, json: ["path": "bad.bin"])
        #expect(bad.status == 400)
        #expect(bad.code == "MEM005")
      }
    }
  }

  @Test("of two creations of one user at once, one wins")
  func race() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      let twin: JSONObject = [
        "username": "twin", "email": "twin@example.com", "password": "Example-Passw0rd!x", "role": "developer",
      ]
      let body = JSONWriter.bytes(twin)
      // All are sent before one is answered.
      let connections = try (0..<4).map { _ in try HTTPConnection(port: gatehouse.port) }
      for connection in connections {
        try connection.send(
          Array(
            "POST /platform/user HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\nContent-Length: \(body.count)\r\n\r\n"
              .utf8) + body)
      }
      let statuses = try connections.map { try $0.receive().status }
      #expect(statuses.sorted() == [201, 400, 400, 400])
    }
  }

  @Test("clients that hang, reset or send half a request harm nobody")
  func brokenClients() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      var hanging: [HTTPConnection] = []
      for text in [
        "", "GET /platf",
        "POST /platform/group HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\nContent-Length: 50\r\n\r\n{\"group",
      ] {
        let hang = try HTTPConnection(port: gatehouse.port)
        try hang.send(text)
        hanging.append(hang)
        let reset = try HTTPConnection(port: gatehouse.port)
        try reset.send(text)
        reset.reset()
      }
      for junk in [
        "\u{0}\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
      ] {
        let connection = try HTTPConnection(port: gatehouse.port)
        try connection.send(junk)
        #expect(((try? connection.receive())?.status ?? 400) >= 400)
      }
      #expect(try gatehouse.send("GET", "/api/health").status == 200)
      #expect(try groups(gatehouse, token) == 2)
      // Clients that hang don't hold the stop for longer than its grace.
      #expect(try gatehouse.stop() == 0)
      withExtendedLifetime(hanging) {}
    }
  }

  @Test("connections are reused, pipelined requests are answered in order, and a request's id comes back")
  func connections() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let connection = try HTTPConnection(port: gatehouse.port)
      let request = { (id: String) in "GET /api/health HTTP/1.1\r\nHost: x\r\nX-Request-ID: \(id)\r\n\r\n" }
      try connection.send(request("one") + request("two") + request("three"))
      for id in ["one", "two", "three"] { #expect(try connection.receive().header("x-request-id") == id) }
      try connection.send(request("evil id"))
      let answer = try connection.receive()
      #expect(answer.header("x-request-id") != "evil id")
      #expect(answer.header("x-request-id") == answer.header("request_id"))
    }
  }
}
