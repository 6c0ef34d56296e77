import JSON
import Listener
import Model
import NIOCore
import NIOEmbedded
import Testing

@testable import Gateway

/// A client's connection that remembers what happens to it.
private final class FakeConnection: DirectConnection {
  let socket: EmbeddedChannel
  let client: NetworkAddress? = nil
  var text = ""
  var events: [String] = []

  init(_ loop: EmbeddedEventLoop) { socket = EmbeddedChannel(handler: nil, loop: loop) }

  var channel: any Channel { socket }

  func beginAnswer(saysClose: Bool) -> Bool {
    events.append("begin")
    return saysClose
  }

  func write(_ bytes: ByteBuffer) { text += String(buffer: bytes) }
  func send(_ bytes: UnsafeRawBufferPointer) { text += String(decoding: bytes, as: UTF8.self) }
  func flush() {}
  func endAnswer() { events.append("end") }
  func pauseReading() { events.append("pause") }
  func resumeReading() { events.append("resume") }
  func close() { events.append("close") }
}

/// Calls of one client to one server, over channels that are moved by hand.
private final class DirectClient {
  let test: TestGateway
  let eventLoop = EmbeddedEventLoop()
  private(set) var connection: FakeConnection
  private(set) var servers: [EmbeddedChannel] = []
  private(set) var service: DirectCalls!
  private var loop: LoopState!
  /// Whether servers can be reached.
  var isReachable = true

  private let address: SocketAddress

  init(
    _ api: JSONObject = [:], user: JSONObject = [:], _ configuration: GatewayConfiguration = GatewayConfiguration()
  ) async throws {
    address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
    test = try await TestGateway(configuration)
    let standard: JSONObject = ["api_public": true]
    try test.insertOrders(api: standard.merging(api), user: user)
    try test.insert(
      ["api_name": "orders", "api_version": "v1", "endpoint_method": "POST", "endpoint_uri": "/items"],
      into: Collections.endpoints)
    connection = FakeConnection(eventLoop)
    loop = LoopState(test.gateway, on: eventLoop) { [unowned self] in connect($0, $1, $2) }
    service = DirectCalls(loop, connection, isSecure: false)
  }

  /// Goes on with another connection. The calls of the one before are not ended.
  func takeNewConnection() {
    connection = FakeConnection(eventLoop)
    service = DirectCalls(loop, connection, isSecure: false)
  }

  private func connect(
    _ origin: ServerAddress.Origin, _ time: TimeAmount,
    _ initialize: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
  ) -> EventLoopFuture<any Channel> {
    guard isReachable else { return eventLoop.makeFailedFuture(ChannelError.connectTimeout(time)) }
    let channel = EmbeddedChannel(handler: nil, loop: eventLoop)
    servers.append(channel)
    return initialize(channel).flatMap { [address] in channel.connect(to: address) }.map { channel }
  }

  /// The newest connection to a server ends.
  func closeServer() throws { try servers.last?.close().wait() }

  /// Begins a call.
  func begin(
    _ method: String = "GET", _ path: String = "orders/v1/items/7", _ fields: String = "", body: String? = nil
  ) throws {
    let head = "\(method) /api/rest/\(path) HTTP/1.1\r\nHost: gateway\r\n\(fields)\r\n"
    _ = try #require(service.recognize(ByteBuffer(string: head)))
    service.begin(body.map(ByteBuffer.init))
  }

  /// All that was sent to the newest server.
  func received() throws -> String {
    var text = ""
    while let bytes = try servers.last?.readOutbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
    return text
  }

  /// The newest server sends something.
  func answer(_ text: String) throws { try servers.last?.writeInbound(ByteBuffer(string: text)) }
}

@Suite("Calls from the bytes of a connection")
struct DirectCallsTests {
  @Test("go to the server and back, and the server's connection serves the next one")
  func forwarded() async throws {
    let client = try await DirectClient()
    for _ in 0..<2 {
      try client.begin()
      client.service.receiveEnd()
      #expect(try client.received().hasPrefix("GET /items/7 HTTP/1.1\r\n"))
      try client.answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
      #expect(client.connection.text.hasPrefix("HTTP/1.1 200 OK\r\n"))
      #expect(client.connection.text.hasSuffix("\r\n\r\nhello"))
      #expect(client.connection.events.filter { $0 != "resume" } == ["begin", "end"])
      (client.connection.text, client.connection.events) = ("", [])
    }
    #expect(client.servers.count == 1)
  }

  @Test("frame a body of unknown length, piece by piece")
  func chunked() async throws {
    let client = try await DirectClient()
    try client.begin()
    client.service.receiveEnd()
    try client.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    try client.answer("6\r\n world\r\n0\r\n\r\n")
    let body = client.connection.text.split(separator: "\r\n\r\n", maxSplits: 1).last
    #expect(body == "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
    #expect(client.connection.events.last { $0 != "resume" } == "end")
  }

  @Test("are answered by the gateway when a check or the server fails, and each is answered once")
  func refused() async throws {
    let client = try await DirectClient()
    try client.begin("GET", "nothing/v1/x")
    client.service.receiveEnd()
    #expect(client.connection.text.contains("GTW001"))
    client.isReachable = false
    try client.begin()
    client.service.receiveEnd()
    #expect(client.connection.text.contains("GTW010"))
    #expect(client.connection.events.filter { $0 == "begin" || $0 == "end" } == ["begin", "end", "begin", "end"])
    client.isReachable = true
    try client.begin()
    client.service.receiveEnd()
    try client.answer("no HTTP\r\n\r\n")
    #expect(client.connection.text.contains("GTW006") && client.servers.last?.isActive == false)
  }

  @Test("hand a body on as it comes, and wait while the server does not take it")
  func bodies() async throws {
    let client = try await DirectClient()
    try client.begin("POST", "orders/v1/items", "Content-Length: 9\r\n")
    client.service.receive(body: ByteBuffer(string: "abc"))
    client.service.flushRequest()
    #expect(try client.received().hasSuffix("\r\n\r\nabc"))
    let server = try #require(client.servers.last)
    client.connection.events = []
    server.isWritable = false
    client.service.receive(body: ByteBuffer(string: "def"))
    #expect(client.connection.events == ["pause"])
    server.isWritable = true
    server.pipeline.fireChannelWritabilityChanged()
    #expect(client.connection.events == ["pause", "resume"])
    client.service.receive(body: ByteBuffer(string: "ghi"))
    client.service.receiveEnd()
    #expect(try client.received() == "defghi")
    try client.answer("HTTP/1.1 204 No Content\r\n\r\n")
    #expect(client.connection.text.hasPrefix("HTTP/1.1 204"))
  }

  @Test("read nothing more of the server while the client does not take the answer")
  func slowClient() async throws {
    let client = try await DirectClient()
    try client.begin()
    client.service.receiveEnd()
    let server = try #require(client.servers.last)
    client.connection.socket.isWritable = false
    try client.answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
    let upstream = try server.pipeline.syncOperations.handler(type: UpstreamConnection.self)
    #expect(upstream.isPaused)
    client.connection.socket.isWritable = true
    client.service.writabilityChanged(true)
    #expect(!upstream.isPaused)
    try client.answer("world")
    #expect(client.connection.text.hasSuffix("helloworld"))
  }

  @Test("end the client's connection when the answer breaks off, and the server's when the client is gone")
  func broken() async throws {
    let client = try await DirectClient()
    try client.begin()
    client.service.receiveEnd()
    try client.answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
    try client.closeServer()
    #expect(client.connection.events.contains("close") && !client.connection.events.contains("end"))
    for isAnswered in [false, true] {
      try client.begin()
      client.service.receiveEnd()
      if isAnswered { try client.answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello") }
      client.service.cancel()
      #expect(client.servers.last?.isActive == false)
    }
    #expect(client.servers.count == 3)
  }

  @Test("send a short body that came along in one piece with the head")
  func wholeBody() async throws {
    let client = try await DirectClient()
    try client.begin("POST", "orders/v1/items", "Content-Length: 3\r\n", body: "abc")
    client.service.receiveEnd()
    let piece = String(buffer: try #require(try client.servers.last?.readOutbound(as: ByteBuffer.self)))
    #expect(try piece.hasPrefix("POST ") && piece.hasSuffix("\r\n\r\nabc") && client.received().isEmpty)
    try client.answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    #expect(client.connection.text.hasSuffix("ok") && client.connection.events.last == "end")
  }

  @Test("pass on what came of an answer that breaks off, also when all of it came at once")
  func brokenAtOnce() async throws {
    let client = try await DirectClient()
    try client.begin()
    client.service.receiveEnd()
    try client.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nXY\r\n")
    #expect(client.connection.text.hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(client.connection.text.hasSuffix("\r\n\r\n5\r\nhello\r\n"))
    #expect(client.connection.events.contains("close") && !client.connection.events.contains("end"))
  }

  @Test("answer a body that breaks off or is late, and give up the server's connection", arguments: [true, false])
  func brokenBody(isLate: Bool) async throws {
    let client = try await DirectClient()
    try client.begin("POST", "orders/v1/items", "Content-Length: 9\r\n")
    client.service.receive(body: ByteBuffer(string: "abc"))
    if isLate { client.service.bodyIsLate() } else { client.service.bodyBrokeOff() }
    #expect(client.connection.text.hasPrefix(isLate ? "HTTP/1.1 408" : "HTTP/1.1 400"))
    #expect(client.connection.text.lowercased().contains("connection: close"))
    #expect(client.servers.last?.isActive == false)
    client.service.receive(body: ByteBuffer(string: "def"))
    client.service.receiveEnd()
    #expect(client.connection.events.filter { $0 == "end" }.count == 1)
  }

  @Test(
    "do not run out of time while they wait to tell the client to send the body, also where it comes unasked",
    arguments: [false, true])
  func expectations(isHasty: Bool) async throws {
    let client = try await DirectClient(
      ["api_public": false],
      user: [
        "throttle_duration": 1, "throttle_queue_limit": 10, "throttle_duration_type": "year",
        "throttle_wait_duration": 60, "throttle_wait_duration_type": "second",
      ])
    client.test.now = LoopState.unixSeconds()
    let token = try client.test.token("alice")
    try client.begin("GET", "orders/v1/items/7", "Authorization: Bearer \(token)\r\n")
    client.service.receiveEnd()
    client.service.cancel()
    (client.connection.text, client.connection.events) = ("", [])
    try client.begin(
      "POST", "orders/v1/items",
      "Authorization: Bearer \(token)\r\nExpect: 100-continue\r\nContent-Length: 4\r\n")
    #expect(client.connection.events == ["pause"])
    if isHasty {
      client.service.receive(body: ByteBuffer(string: "bo"))
      #expect(client.connection.events == ["pause", "pause"])
    }
    client.eventLoop.advanceTime(by: .seconds(60))
    #expect(client.connection.text == (isHasty ? "" : "HTTP/1.1 100 Continue\r\n\r\n"))
    #expect(client.connection.events.last == "resume")
    client.service.receive(body: ByteBuffer(string: isHasty ? "dy" : "body"))
    client.service.receiveEnd()
    #expect(try client.received().hasSuffix("\r\n\r\nbody"))
  }

  @Test("that end late do not close the circuit that later ones opened")
  func lateSuccess() async throws {
    var configuration = GatewayConfiguration()
    (configuration.breakerThreshold, configuration.breakerPause) = (3, 86_400)
    let client = try await DirectClient([:], configuration)
    try client.begin()
    client.service.receiveEnd()
    let (late, server) = (client.connection, try #require(client.servers.last))
    // The connection goes on, and its call with it.
    let service = client.service
    client.takeNewConnection()
    client.isReachable = false
    for _ in 0..<3 {
      try client.begin()
      client.service.receiveEnd()
    }
    client.isReachable = true
    try server.writeInbound(ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"))
    #expect(late.text.hasSuffix("good"))
    client.connection.text = ""
    try client.begin()
    client.service.receiveEnd()
    #expect(client.connection.text.contains("GTW999"))
    withExtendedLifetime(service) {}
  }
}
