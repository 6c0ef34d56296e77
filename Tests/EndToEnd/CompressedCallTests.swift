import Foundation
import JSON
import TestSupport
import Testing

@Suite("Answers of servers that the gateway compresses")
struct CompressedCallTests {
  /// Letters that become about half as many bytes.
  private static let text: String = {
    var generator = SeededGenerator(seed: 14)
    let letters = (0..<300_000).map { _ in UInt8.random(in: 0x61...0x70, using: &generator) }
    return String(decoding: letters, as: UTF8.self)
  }()

  /// A server whose answers begin as `text` and have as many bytes as the path says, or all of them in one chunk.
  private func makeServer() throws -> ScriptedServer {
    try ScriptedServer { connection in
      while let head = connection.receiveHead() {
        let length = Int(head.path.dropFirst())
        let body = String(Self.text.prefix(length ?? Self.text.utf8.count))
        let framing = length.map { "content-length: \($0)" } ?? "transfer-encoding: chunked"
        let chunk = "\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
        let answer = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\(framing)\r\n\r\n"
        guard connection.send(answer + (length == nil ? chunk : body)) else { return }
      }
    }
  }

  /// The arguments of curl that inflates what it gets.
  private func arguments(_ gatehouse: GatehouseProcess, _ path: String, head: URL, body: URL) -> [String] {
    [
      "-sSN", "--noproxy", "*", "--max-time", "120", "--compressed", "-D", head.path(), "-o", body.path(),
      "http://127.0.0.1:\(gatehouse.port)/api/rest/test/v1/\(path)",
    ]
  }

  private func text(of file: URL) -> String { (try? String(contentsOf: file, encoding: .utf8)) ?? "" }

  private func ask(_ gatehouse: GatehouseProcess, _ path: String) throws -> (coding: String?, body: [UInt8]) {
    let answer = try gatehouse.send("GET", "/api/rest/test/v1/\(path)", headers: ["Accept-Encoding": "gzip"])
    return (answer.header("content-encoding"), Array(answer.body))
  }

  @Test("are shorter, and give back the bytes of the server", arguments: ["300000", "chunked"])
  func roundTrip(path: String) async throws {
    let server = try makeServer()
    defer { server.stop() }
    try await withTemporaryDirectory { (root: URL) async throws in
      try await withGatehouse(dumps: root.appending(path: "generated")) { (gatehouse: GatehouseProcess) async throws in
        try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
        let (head, body) = (root.appending(path: "head"), root.appending(path: "body"))
        let run = try ToolRun("curl", arguments(gatehouse, path, head: head, body: body))
        #expect(run.code == 0, "\(run.output)")
        #expect(text(of: head).lowercased().contains("content-encoding: gzip\r\n"), "\(text(of: head))")
        let isEqual = text(of: body) == Self.text
        #expect(isEqual, "\(text(of: body).utf8.count) bytes")
        let compressed = try ask(gatehouse, path)
        #expect(compressed.coding == "gzip" && compressed.body.starts(with: [0x1F, 0x8B]))
        #expect(compressed.body.count < 220_000)
      }
    }
  }

  @Test("are compressed as the settings say: how much, from which size, and not at all")
  func settings() async throws {
    let server = try makeServer()
    defer { server.stop() }
    // The header of gzip tells its effort (RFC 1952, section 2.3.1): 2 for the most, 4 for the least.
    let efforts: [([String: String], UInt8)] = [
      (["COMPRESSION_LEVEL": "9", "COMPRESSION_MINIMUM_SIZE": "1000"], 2), (["COMPRESSION_MINIMUM_SIZE": "1000"], 4),
    ]
    for (settings, effort) in efforts {
      try await withGatehouse(settings) { (gatehouse: GatehouseProcess) async throws in
        try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
        let compressed = try ask(gatehouse, "1000")
        #expect(compressed.coding == "gzip" && compressed.body.dropFirst(8).first == effort)
        let short = try ask(gatehouse, "999")
        #expect(short.coding == nil && short.body == Array(Self.text.utf8.prefix(999)))
      }
    }
    try await withGatehouse(["COMPRESSION_ENABLED": "false"]) { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
      let plain = try ask(gatehouse, "5000")
      #expect(plain.coding == nil && plain.body == Array(Self.text.utf8.prefix(5000)))
    }
  }

  @Test(
    "have the same tag and coding for HEAD as for GET, and the tag that the client has for 304",
    arguments: ["", "Connection: x-a\r\n"])
  func withoutBody(way: String) async throws {
    let server = try ScriptedServer { connection in
      while let head = connection.receiveHead() {
        let isKnown = head["if-none-match"] != nil
        let line = isKnown ? "304 Not Modified" : "200 OK\r\ncontent-type: text/plain"
        let hasBody = !isKnown && head.method == "GET"
        let body = hasBody ? String(Self.text.prefix(5000)) : ""
        guard connection.send("HTTP/1.1 \(line)\r\netag: \"a\"\r\ncontent-length: 5000\r\n\r\n" + body) else { return }
      }
    }
    defer { server.stop() }
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI(
        "test", servers: [server.url], token: gatehouse.logIn(), ["api_allowed_headers": ["if-none-match"]])
      let connection = try HTTPConnection(port: gatehouse.port)
      let gzip = way + "Accept-Encoding: gzip\r\n"
      let cases: [(method: String, fields: String, tag: String, coding: String?, length: String?)] = [
        ("GET", gzip, "W/\"a\"", "gzip", nil), ("HEAD", gzip, "W/\"a\"", "gzip", nil),
        ("HEAD", way, "\"a\"", nil, "5000"),
        ("GET", gzip + "If-None-Match: W/\"a\"\r\n", "W/\"a\"", nil, nil),
        ("GET", gzip + "If-None-Match: \"b\", \"a\"\r\n", "\"a\"", nil, "5000"),
        ("GET", way + "If-None-Match: \"a\"\r\n", "\"a\"", nil, "5000"),
      ]
      for (method, fields, tag, coding, length) in cases {
        try connection.send(call("/a", method, fields))
        let isKnown = fields.contains("If-None-Match")
        let answer = try connection.receive(isHead: method == "HEAD" || isKnown)
        #expect(answer.status == (isKnown ? 304 : 200), "\(method) \(fields)")
        #expect(answer.header("etag") == tag, "\(method) \(fields)")
        #expect(answer.header("content-encoding") == coding, "\(method) \(fields)")
        #expect(answer.header("content-length") == length, "\(method) \(fields)")
      }
    }
  }

  @Test("and are streams of events can be read event by event, when the server sends them", arguments: [false, true])
  func events(isChunked: Bool) async throws {
    let stream = EventStream(isChunked: isChunked, patience: .seconds(60))
    let server = try ScriptedServer(stream.run)
    defer { server.stop() }
    try await withTemporaryDirectory { (root: URL) async throws in
      try await withGatehouse(dumps: root.appending(path: "generated")) { (gatehouse: GatehouseProcess) async throws in
        try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
        let (head, body) = (root.appending(path: "head"), root.appending(path: "body"))
        let curl = ChildProcess()
        curl.executableURL = URL(filePath: "/usr/bin/env")
        curl.arguments = ["curl"] + arguments(gatehouse, "events", head: head, body: body)
        curl.standardInput = FileHandle.nullDevice
        try curl.run()
        defer { curl.terminate() }
        for number in EventStream.numbers {
          let isThere = eventually { text(of: body).hasSuffix(EventStream.event(number)) ? true : nil }
          #expect(isThere == true, "event \(number) can be read before the server sends the next")
          stream.take(number)
        }
        #expect(eventually { curl.isRunning ? nil : true } == true)
        #expect(curl.terminationStatus == 0 && text(of: body) == EventStream.numbers.map(EventStream.event).joined())
        #expect(text(of: head).lowercased().contains("content-encoding: gzip\r\n"), "\(text(of: head))")
      }
    }
  }
}
