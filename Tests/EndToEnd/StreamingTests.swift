import Foundation
import JSON
import Synchronization
import TestSupport
import Testing

@Suite("Bodies that pass through the gateway")
struct StreamingTests {
  private static let large = 200_000_000
  /// The memory that a long body may take beside what the gateway has anyway, in bytes.
  private static let allowance = 24_000_000

  /// A server that sends a body of `large` bytes, and counts what it has sent.
  private final class Source: Sendable {
    let sent = Mutex(0)

    func run(_ connection: ScriptedConnection) {
      let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 100_000)
      while connection.receiveHead() != nil {
        guard connection.send("HTTP/1.1 200 OK\r\ncontent-length: \(StreamingTests.large)\r\n\r\n") else { return }
        for _ in 0..<(StreamingTests.large / piece.count) {
          guard connection.send(piece) else { return }
          sent.withLock { $0 += piece.count }
        }
      }
    }
  }

  /// A server that reads half of a body of `large` bytes, and the rest when it may go on.
  private final class Sink: Sendable {
    struct State {
      var (hasStopped, mayGoOn) = (false, false)
      var received = 0
    }

    let state = Mutex(State())

    func run(_ connection: ScriptedConnection) {
      guard connection.receiveHead() != nil else { return }
      let first = connection.drain(upTo: StreamingTests.large / 2)
      state.withLock { $0.hasStopped = true }
      let goesOn = eventually(within: .seconds(120)) { state.withLock { $0.mayGoOn } ? true : nil }
      guard goesOn == true else { return }
      let rest = connection.drain(upTo: StreamingTests.large - first)
      state.withLock { $0.received = first + rest }
      connection.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\ngood")
      connection.finishSending()
      connection.waitForEnd()
    }
  }

  /// A client that sends a body of `large` bytes on a thread of its own, and counts what its connection took.
  private final class Sender: Sendable {
    struct State {
      var sent = 0
      /// The text of the answer, or why there is none.
      var answer: String?
    }

    let state = Mutex(State())

    func start(port: Int, isChunked: Bool) {
      Thread.detachNewThread { [self] in
        let answer: String
        do { answer = try run(port, isChunked) } catch { answer = "\(error)" }
        state.withLock { $0.answer = answer }
      }
    }

    private func run(_ port: Int, _ isChunked: Bool) throws -> String {
      let connection = try HTTPConnection(port: port)
      let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 100_000)
      let framing = isChunked ? "Transfer-Encoding: chunked\r\n" : "Content-Length: \(StreamingTests.large)\r\n"
      try connection.send(call("/a", "POST", framing))
      for _ in 0..<(StreamingTests.large / piece.count) {
        try connection.send(isChunked ? Array("186a0\r\n".utf8) + piece + Array("\r\n".utf8) : piece)
        state.withLock { $0.sent += piece.count }
      }
      if isChunked { try connection.send("0\r\n\r\n") }
      return try connection.receive().text
    }
  }

  @Test("wait while the client does not read them, in memory that does not grow")
  func stalledClient() async throws {
    let source = Source()
    let server = try ScriptedServer(source.run)
    defer { server.stop() }
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
      let memory = try gatehouse.residentMemory()
      for fields in ["", "Connection: x-long-way\r\n"] {
        source.sent.withLock { $0 = 0 }
        let connection = try HTTPConnection(port: gatehouse.port)
        try connection.send(call("/a", "GET", fields))
        var count = connection.receiveSome(1_000_000)
        // The server can't send any more once all buffers on the way are full.
        var last = (count: -1, since: ContinuousClock.now)
        let isStill = eventually {
          let sent = source.sent.withLock { $0 }
          if sent != last.count { last = (sent, .now) }
          return last.count > 0 && last.since.duration(to: .now) > .milliseconds(500) ? true : nil
        }
        #expect(isStill == true)
        #expect(source.sent.withLock { $0 } < 50_000_000)
        #expect(try gatehouse.residentMemory() < memory + Self.allowance)
        #expect(try gatehouse.send("GET", "/api/health").status == 200)
        while count < Self.large {
          let more = connection.receiveSome(1_000_000)
          guard more > 0 else { break }
          count += more
        }
        #expect(count > Self.large && count < Self.large + 2000)
        #expect(try gatehouse.residentMemory() < memory + Self.allowance)
      }
    }
  }

  @Test(
    "go to the server as they come, and wait while it reads nothing, in memory that does not grow",
    arguments: [false, true])
  func upload(isChunked: Bool) async throws {
    let sink = Sink()
    let server = try ScriptedServer(sink.run)
    defer { server.stop() }
    let settings = ["DISABLE_BODY_SIZE_LIMIT": "true", "HTTP_WRITE_TIMEOUT": "120"]
    try await withGatehouse(settings) { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
      let memory = try gatehouse.residentMemory()
      let sender = Sender()
      sender.start(port: gatehouse.port, isChunked: isChunked)
      // The client can't send any more once all buffers on the way are full.
      var last = (count: -1, since: ContinuousClock.now)
      let isStill = eventually(within: .seconds(120)) { () -> Bool? in
        let sent = sender.state.withLock { $0.sent }
        if sent != last.count { last = (sent, .now) }
        let hasStopped = sink.state.withLock { $0.hasStopped }
        return hasStopped && last.since.duration(to: .now) > .milliseconds(500) ? true : nil
      }
      #expect(isStill == true)
      #expect(last.count < Self.large / 2 + 50_000_000)
      #expect(try gatehouse.residentMemory() < memory + Self.allowance)
      #expect(try gatehouse.send("GET", "/api/health").status == 200)
      sink.state.withLock { $0.mayGoOn = true }
      var most = 0
      let answer = try eventually(within: .seconds(120)) { () throws -> String? in
        most = try max(most, gatehouse.residentMemory())
        return sender.state.withLock { $0.answer }
      }
      #expect(answer == "good")
      #expect(sender.state.withLock { $0.sent } == Self.large)
      #expect(sink.state.withLock { $0.received } >= Self.large)
      #expect(most < memory + Self.allowance)
    }
  }

  @Test("of server-sent events reach the client one by one, when the server sends them", arguments: [false, true])
  func events(isChunked: Bool) async throws {
    let stream = EventStream(isChunked: isChunked)
    let server = try ScriptedServer(stream.run)
    defer { server.stop() }
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
      let connection = try HTTPConnection(port: gatehouse.port)
      try connection.send(call("/a"))
      var text = ""
      for number in EventStream.numbers {
        let isThere = eventually { () -> Bool? in
          text += connection.receiveNow() ?? ""
          return text.contains(EventStream.event(number)) ? true : nil
        }
        #expect(isThere == true, "event \(number) comes before the server sends the next")
        stream.take(number)
      }
      #expect(text.contains("content-type: text/event-stream"))
      let isWhole = eventually { () -> Bool? in
        text += connection.receiveNow() ?? ""
        return text.hasSuffix("0\r\n\r\n") ? true : nil
      }
      #expect(isWhole == true)
    }
  }

  @Test("of requests that end early are never taken for whole", arguments: [false, true])
  func shortBodies(isChunked: Bool) async throws {
    let whole = Mutex(0)
    let heads = Mutex(0)
    let server = try ScriptedServer { connection in
      while let head = connection.receiveHead() {
        heads.withLock { $0 += 1 }
        guard connection.receiveBody(of: head) != nil else { return }
        whole.withLock { $0 += 1 }
        guard connection.send(UpstreamScripts.good) else { return }
      }
    }
    defer { server.stop() }
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
      let begun =
        call("/a", "POST", isChunked ? "Transfer-Encoding: chunked\r\n" : "Content-Length: 100\r\n")
        + (isChunked ? "a\r\n0123456789\r\n" : "0123456789")
      // A connection that has not got the request yet is not closed: other calls can have it.
      for (number, ending) in ["half", "reset", "bad"].enumerated() where isChunked || ending != "bad" {
        let connection = try HTTPConnection(port: gatehouse.port)
        try connection.send(begun)
        #expect(eventually { heads.withLock { $0 } == number + 1 ? true : nil } == true)
        switch ending {
        case "half": connection.finishSending()
        case "reset": connection.reset()
        default: try connection.send("xyz\r\n")
        }
        if ending != "reset" {
          let answer = try connection.receive()
          #expect(answer.status == 400 && answer.code == "GTW400", "\(ending): \(answer.status)")
          #expect(answer.header("connection") == "close")
          #expect(connection.isClosedByServer())
        }
        #expect(eventually { server.open == 0 ? true : nil } == true, "\(ending): the server's connection is closed")
      }
      #expect(whole.withLock { $0 } == 0)
      #expect(try gatehouse.send("GET", "/api/rest/test/v1/a").text == "good")
    }
  }

  @Test("of requests that come slowly are waited for, and the server is not blamed")
  func slowClient() async throws {
    let server = try ScriptedServer(UpstreamScripts.run)
    defer { server.stop() }
    let settings = ["HTTP_READ_TIMEOUT": "5", "HTTP_WRITE_TIMEOUT": "5"]
    let bodies = [
      (fields: "Content-Length: 4\r\n", pieces: ["a", "bcd"]),
      (fields: "Transfer-Encoding: chunked\r\n", pieces: ["1\r\na\r\n", "1\r\nb\r\n0\r\n\r\n"]),
    ]
    try await withGatehouse(settings) { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
      let connections = try bodies.map { _ in try HTTPConnection(port: gatehouse.port) }
      for (connection, body) in zip(connections, bodies) { try connection.send(call("/a", "POST", body.fields)) }
      for number in 0..<2 {
        // Longer than the times that the server has.
        #expect(!connections[0].isClosedByServer(within: .seconds(6)))
        #expect(!connections[1].isClosedByServer(within: .zero))
        for (connection, body) in zip(connections, bodies) { try connection.send(body.pieces[number]) }
      }
      for connection in connections { #expect(try connection.receive().text == "good") }
    }
  }

  @Test("over the limit are refused, declared or chunked, and the rest is not read", arguments: [false, true])
  func limits(isChunked: Bool) async throws {
    let server = try ScriptedServer(UpstreamScripts.run)
    defer { server.stop() }
    try await withGatehouse(["MAX_BODY_SIZE_BYTES": "2000"]) { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
      let fields = isChunked ? "Transfer-Encoding: chunked\r\n" : "Content-Length: 1000000000\r\n"
      let connection = try HTTPConnection(port: gatehouse.port)
      try connection.send(call("/a", "POST", fields))
      for _ in 0..<3 { connection.sendAll("400\r\n\(String(repeating: "x", count: 1024))\r\n") }
      let answer = try connection.receive()
      #expect(answer.status == 413 && answer.code == "REQ001")
      #expect(answer.header("connection") == "close")
      #expect(connection.isClosedByServer())
      let fitting = String(repeating: "x", count: 2000)
      let chunked = "\(String(fitting.utf8.count, radix: 16))\r\n\(fitting)\r\n0\r\n\r\n"
      let good = try HTTPConnection(port: gatehouse.port)
      try good.send(isChunked ? call("/a", "POST", fields) + chunked : call("/a", "POST", body: fitting))
      #expect(try good.receive().text == "good")
    }
  }

  @Test("of requests that stop coming are given up, with an answer that says so")
  func lateBodies() async throws {
    let server = try ScriptedServer(UpstreamScripts.run)
    defer { server.stop() }
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
      let begun = [
        call("/a", "POST", "Content-Length: 100\r\n") + "abc",
        call("/a", "POST", "Transfer-Encoding: chunked\r\n") + "3\r\nabc\r\n",
      ]
      let connections = try begun.map { _ in try HTTPConnection(port: gatehouse.port) }
      for (connection, text) in zip(connections, begun) { try connection.send(text) }
      for connection in connections {
        let answer = try connection.receive()
        #expect(answer.status == 408 && answer.code == "GTW408", "\(answer.status) \(answer.text)")
        #expect(answer.header("connection") == "close")
        #expect(connection.isClosedByServer())
      }
      #expect(eventually { server.open == 0 ? true : nil } == true)
    }
  }
}
