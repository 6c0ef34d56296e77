import Glibc
import Synchronization
import TestSupport
import Testing

@Suite("Calls while the gateway stops")
struct DrainCallTests {
  private static let fields = ["", "Connection: x-long-way\r\n"]
  private static let head = "HTTP/1.1 200 OK\r\n"

  /// A server that tells the body that it got. It holds the answers to `/held`, and the second event of `/events`, for
  /// as long as the test wants.
  private final class Upstream: Sendable {
    private let isFree = Mutex(false)

    func release() { isFree.withLock { $0 = true } }

    private func waitForRelease() -> Bool {
      eventually(within: .seconds(60)) { isFree.withLock { $0 } ? true : nil } == true
    }

    func run(_ connection: ScriptedConnection) {
      while let head = connection.receiveHead() {
        guard let body = connection.receiveBody(of: head) else { return }
        if head.path == "/events" {
          connection.send(
            DrainCallTests.head + "content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
              + "9\r\ndata: 1\n\n\r\n")
          guard waitForRelease(), connection.send("9\r\ndata: 2\n\n\r\n0\r\n\r\n") else { return }
        } else {
          if head.path == "/held" { guard waitForRelease() else { return } }
          let text = "got \(String(decoding: body, as: UTF8.self))"
          let answer = DrainCallTests.head + "content-length: \(text.utf8.count)\r\n\r\n\(text)"
          guard connection.send(answer) else { return }
        }
      }
    }
  }

  /// Starts a gateway with an API `test`.
  private func withUpstream(
    _ settings: [String: String], _ body: (GatehouseProcess, ScriptedServer, Upstream) throws -> Void
  ) async throws {
    let upstream = Upstream()
    let server = try ScriptedServer { upstream.run($0) }
    defer { server.stop() }
    try await withGatehouse(settings) { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
      try body(gatehouse, server, upstream)
    }
  }

  /// Sends the signal to stop, and waits until the gateway has noticed it.
  private func stop(_ gatehouse: GatehouseProcess, saying words: String) throws {
    gatehouse.signal(SIGTERM)
    try gatehouse.waitForLog(words)
  }

  @Test("are forwarded in the grace, on kept and new connections, which end with their answers", arguments: fields)
  func grace(fields: String) async throws {
    try await withUpstream(["DRAIN_GRACE": "300"]) { gatehouse, _, _ in
      let kept = try HTTPConnection(port: gatehouse.port)
      try kept.send(call("/a", "GET", fields))
      let before = try kept.receive()
      #expect(before.status == 200 && before.header("connection") == nil)
      try stop(gatehouse, saying: "leaving: not ready any more")
      for connection in [kept, try HTTPConnection(port: gatehouse.port)] {
        try connection.send(call("/a", "POST", fields, body: "more"))
        let answer = try connection.receive()
        #expect(answer.status == 200 && answer.text == "got more")
        #expect(answer.header("connection") == "close")
        #expect(connection.isClosedByServer())
      }
      // A second signal ends the grace.
      #expect(try gatehouse.stop() == 0)
    }
  }

  @Test("that were sent ahead in the grace are all answered, and the last answer says close", arguments: fields)
  func pipelined(fields: String) async throws {
    try await withUpstream(["DRAIN_GRACE": "300"]) { gatehouse, _, _ in
      try stop(gatehouse, saying: "leaving: not ready any more")
      let health = "GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n"
      let connection = try HTTPConnection(port: gatehouse.port)
      try connection.send(
        call("/a", "POST", fields, body: "1") + call("/b", "POST", fields, body: "2") + health + health
          + call("/c", "POST", fields, body: "3"))
      for text in ["got 1", "got 2", nil, nil, "got 3"] {
        let answer = try connection.receive()
        #expect(answer.status == 200 && (text == nil || answer.text == text))
        #expect(answer.header("connection") == (text == "got 3" ? "close" : nil))
      }
      #expect(connection.isClosedByServer())
      #expect(try gatehouse.stop() == 0)
    }
  }

  @Test(
    "that run when the signal comes get their whole answers, with a grace and without one",
    arguments: ["", "300"], fields)
  func running(grace: String, fields: String) async throws {
    try await withUpstream(["DRAIN_GRACE": grace]) { gatehouse, server, upstream in
      let (held, counted, chunked, events) = (
        try HTTPConnection(port: gatehouse.port), try HTTPConnection(port: gatehouse.port),
        try HTTPConnection(port: gatehouse.port), try HTTPConnection(port: gatehouse.port)
      )
      try held.send(call("/held", "GET", fields))
      try counted.send(call("/counted", "POST", "\(fields)Content-Length: 10\r\n") + "01234")
      try chunked.send(call("/chunked", "POST", "\(fields)Transfer-Encoding: chunked\r\n") + "5\r\n01234\r\n")
      try events.send(call("/events", "GET", fields))
      var stream = ""
      let receive = { (end: String) -> Bool in
        eventually(within: .seconds(60)) { () -> Bool? in
          stream += events.receiveNow() ?? ""
          return stream.contains(end) ? true : nil
        } ?? false
      }
      #expect(receive("data: 1\n\n"))
      let areThere = eventually(within: .seconds(60)) { () -> Bool? in
        ["/held", "/counted", "/chunked"].allSatisfy { server.count(of: $0) == 1 } ? true : nil
      }
      #expect(areThere == true)
      try stop(gatehouse, saying: grace.isEmpty ? " stopping " : "leaving: not ready any more")
      if grace.isEmpty {
        let late = try gatehouse.send("GET", "/api/rest/test/v1/a")
        #expect(late.status == 503 && late.code == "GTW503")
      }
      upstream.release()
      try counted.send("56789")
      try chunked.send("5\r\n56789\r\n0\r\n\r\n")
      for (connection, text) in [(held, "got "), (counted, "got 0123456789"), (chunked, "got 0123456789")] {
        let answer = try connection.receive()
        #expect(answer.status == 200 && answer.text == text)
        #expect(answer.header("connection") == "close")
        #expect(connection.isClosedByServer())
      }
      #expect(receive("data: 2\n\n") && receive("\r\n0\r\n\r\n"))
      if grace.isEmpty {
        #expect(try gatehouse.waitForExit() == 0)
      } else {
        // Its head came before the signal, so it could not say close.
        try events.send(call("/a", "GET", fields))
        let next = try events.receive()
        #expect(next.status == 200 && next.header("connection") == "close")
        #expect(try gatehouse.stop() == 0)
      }
      #expect(gatehouse.logs("the last dump is safe"))
      // A second signal does not wait for a call whose answer was sent just now.
      if grace.isEmpty { #expect(!gatehouse.log.contains("calls are still in flight")) }
    }
  }
}
