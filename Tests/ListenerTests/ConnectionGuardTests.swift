import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Listener

@Suite("The guard of a connection")
struct ConnectionGuardTests {
  private let counters = ConnectionCounters()

  private func channel() throws -> EmbeddedChannel {
    let channel = EmbeddedChannel()
    let handler = ConnectionGuard(slot: counters.slot(of: channel.eventLoop))
    try channel.pipeline.syncOperations.addHandler(handler)
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    return channel
  }

  private func head(_ fields: HTTPHeaders = ["Content-Length": "100"]) -> ReceivedPart {
    .head(HTTPRequestHead(version: .http1_1, method: .POST, uri: "/", headers: fields), RequestStanding())
  }

  private func answer(_ channel: EmbeddedChannel) throws {
    try channel.writeOutbound(HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: .ok)))
    try channel.writeOutbound(HTTPServerResponsePart.end(nil))
    _ = try channel.readOutbound(as: HTTPServerResponsePart.self)
    _ = try channel.readOutbound(as: HTTPServerResponsePart.self)
  }

  private func taken(_ limiter: ConnectionLimiter) throws -> (channel: EmbeddedChannel, isTaken: Bool) {
    let channel = EmbeddedChannel()
    try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
    let place = limiter.take(channel).place
    if let place {
      let handler = ConnectionGuard(slot: counters.slot(of: channel.eventLoop), place: place)
      try channel.pipeline.syncOperations.addHandler(handler)
    }
    return (channel, place != nil)
  }

  @Test("keeps the place of a call while it is answered, and not while its client does not take the answer")
  func slowReader() throws {
    let limiter = ConnectionLimiter(.init(maximum: 1, loopbackPlaces: 0, slowRequest: .zero)) { _ in false }
    let first = try taken(limiter).channel
    try first.writeInbound(head())
    try first.writeInbound(ReceivedPart.end(nil))
    #expect(try !taken(limiter).isTaken)
    first.isWritable = false
    first.pipeline.fireChannelWritabilityChanged()
    first.isWritable = true
    first.pipeline.fireChannelWritabilityChanged()
    #expect(try !taken(limiter).isTaken, "it takes the answer again")
    first.isWritable = false
    first.pipeline.fireChannelWritabilityChanged()
    #expect(try taken(limiter).isTaken)
    #expect(!first.isActive)
    #expect(counters.calls == 0)
  }

  @Test("closes when no request comes in time")
  func silentClient() throws {
    let channel = try channel()
    channel.embeddedEventLoop.advanceTime(by: .seconds(14))
    #expect(channel.isActive)
    channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    #expect(!channel.isActive)
    #expect(counters.connections == 0)
  }

  @Test("tells the limiter soon of a client that sends nothing, whose time for a head goes on")
  func silenceNoted() throws {
    let limiter = ConnectionLimiter(.init(maximum: 2, loopbackPlaces: 0, grace: .seconds(3600))) { _ in false }
    let (first, second) = (try taken(limiter).channel, try taken(limiter).channel)
    // So many wait that a silent connection has no grace left.
    _ = limiter.acceptance(waiting: 10_000_000)
    #expect(try !taken(limiter).isTaken, "whether its request came along is not known yet")
    first.embeddedEventLoop.advanceTime(by: .milliseconds(10))
    _ = limiter.acceptance(waiting: 10_000_000)
    #expect(try taken(limiter).isTaken)
    #expect(!first.isActive)
    second.embeddedEventLoop.advanceTime(by: .milliseconds(14_995))
    #expect(second.isActive)
    second.embeddedEventLoop.advanceTime(by: .milliseconds(10))
    #expect(!second.isActive)
  }

  @Test("refuses a body that does not end in time, and gives up its call")
  func slowBody() throws {
    let channel = try channel()
    try channel.writeInbound(head())
    for _ in 0..<29 {
      try channel.writeInbound(ReceivedPart.body(ByteBuffer(string: "x")))
      channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    }
    #expect(try channel.readOutbound(as: HTTPServerResponsePart.self) == nil)
    #expect(counters.calls == 1)
    channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    guard case .head(let response)? = try channel.readOutbound(as: HTTPServerResponsePart.self) else {
      Issue.record("no answer")
      return
    }
    #expect(response.status == .requestTimeout)
    #expect(response.headers["Connection"] == ["close"])
    channel.embeddedEventLoop.advanceTime(by: .seconds(2))
    #expect(!channel.isActive)
    #expect(counters.calls == 0)
  }

  @Test("gives a body time anew when its reader says that it goes on, and all the time while nothing of it is read")
  func longBody() throws {
    let channel = try channel()
    let tell = { (reading: BodyReading) throws in try channel.triggerUserOutboundEvent(reading).wait() }
    try channel.writeInbound(head())
    for _ in 0..<10 {
      try channel.writeInbound(ReceivedPart.body(ByteBuffer(string: "x")))
      try tell(.goesOn)
      channel.embeddedEventLoop.advanceTime(by: .seconds(29))
    }
    try tell(.rests)
    channel.embeddedEventLoop.advanceTime(by: .seconds(600))
    #expect(channel.isActive)
    try tell(.goesOn)
    channel.embeddedEventLoop.advanceTime(by: .seconds(29))
    #expect(try channel.readOutbound(as: HTTPServerResponsePart.self) == nil)
    channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    #expect(try channel.readOutbound(as: HTTPServerResponsePart.self) != nil)
    let whole = try self.channel()
    try whole.writeInbound(head())
    try whole.writeInbound(ReceivedPart.end(nil))
    try whole.triggerUserOutboundEvent(BodyReading.goesOn).wait()
    whole.embeddedEventLoop.advanceTime(by: .seconds(600))
    #expect(whole.isActive, "a request that is complete waits for nothing of its client")
  }

  @Test("waits longer between requests than before the first")
  func idle() throws {
    let channel = try channel()
    try channel.writeInbound(head())
    try channel.writeInbound(ReceivedPart.end(nil))
    channel.embeddedEventLoop.advanceTime(by: .seconds(600))
    #expect(channel.isActive)
    try answer(channel)
    #expect(counters.calls == 0)
    channel.embeddedEventLoop.advanceTime(by: .seconds(74))
    #expect(channel.isActive)
    channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    #expect(!channel.isActive)
  }

  @Test("closes after the last answer while the gateway leaves, and answers all requests that came")
  func leaving() throws {
    let channel = try channel()
    for _ in 0..<3 {
      try channel.writeInbound(head())
      try channel.writeInbound(ReceivedPart.end(nil))
    }
    counters.leave()
    var closes: [Bool] = []
    for _ in 0..<3 {
      try channel.writeOutbound(HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: .ok)))
      try channel.writeOutbound(HTTPServerResponsePart.end(nil))
      guard case .head(let response)? = try channel.readOutbound(as: HTTPServerResponsePart.self) else {
        Issue.record("no answer")
        return
      }
      _ = try channel.readOutbound(as: HTTPServerResponsePart.self)
      closes.append(response.headers["Connection"] == ["close"])
    }
    #expect(closes == [false, false, true])
    #expect(counters.calls == 0)
    channel.embeddedEventLoop.advanceTime(by: .seconds(2))
    #expect(!channel.isActive)
  }

  @Test("says of what comes after the drain began that it is too late, whatever a client says")
  func draining() throws {
    let channel = try channel()
    let isTooLate = { (fields: HTTPHeaders) throws -> Bool? in
      try channel.writeInbound(head(fields))
      guard case .head(_, let standing)? = try channel.readInbound(as: ReceivedPart.self) else { return nil }
      return standing.isTooLate
    }
    #expect(try isTooLate(["X-Gatehouse-Turned-Away": "forged"]) == false)
    #expect(counters.calls == 1)
    counters.turnAway()
    #expect(try isTooLate([:]) == true)
    #expect(counters.calls == 1)
  }

  @Test("gives up the calls of a client that goes away")
  func goneClient() throws {
    let channel = try channel()
    try channel.writeInbound(head())
    try channel.writeInbound(ReceivedPart.end(nil))
    try channel.writeInbound(head())
    #expect(counters.calls == 2)
    try channel.close().wait()
    #expect(counters.calls == 0)
    // Requests that were sent ahead come behind the end, when the end showed in an answer.
    try channel.writeInbound(head())
    #expect(counters.calls == 0)
  }

  @Test("waits for the next request of a client that was answered before its body ended")
  func earlyAnswer() throws {
    let channel = try channel()
    try channel.writeInbound(head())
    try answer(channel)
    try channel.writeInbound(ReceivedPart.body(ByteBuffer(string: "x")))
    try channel.writeInbound(ReceivedPart.end(nil))
    channel.embeddedEventLoop.advanceTime(by: .seconds(74))
    #expect(channel.isActive)
    channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    #expect(!channel.isActive)
  }

  @Test("closes without a second answer when the body of an answered request does not end")
  func earlyAnswerWithoutEnd() throws {
    let channel = try channel()
    try channel.writeInbound(head())
    try answer(channel)
    channel.embeddedEventLoop.advanceTime(by: .seconds(30))
    #expect(try channel.readOutbound(as: HTTPServerResponsePart.self) == nil)
    channel.embeddedEventLoop.advanceTime(by: .seconds(2))
    #expect(!channel.isActive)
  }

  @Test("prepares a reset for an answer without a length in HTTP/1.0 alone, and only where it has a body")
  func unframedAnswers() throws {
    let cases: [(HTTPMethod, HTTPVersion, Bool)] = [
      (.GET, .http1_0, true), (.HEAD, .http1_0, false), (.HEAD, .http1_1, false),
    ]
    for (method, version, isUnframed) in cases {
      let channel = EmbeddedChannel()
      let connection = ConnectionGuard(slot: counters.slot(of: channel.eventLoop))
      try channel.pipeline.syncOperations.addHandler(connection)
      try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
      let head = HTTPRequestHead(version: version, method: method, uri: "/", headers: [:])
      try channel.writeInbound(ReceivedPart.head(head, RequestStanding()))
      try channel.writeInbound(ReceivedPart.end(nil))
      let response = HTTPResponseHead(version: .http1_1, status: .ok)
      channel.writeAndFlush(HTTPServerResponsePart.head(response), promise: nil)
      #expect(connection.isUnframed == isUnframed, "\(method) \(version)")
      channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
      #expect(!connection.isUnframed)
    }
  }

  @Test("takes some requests ahead of their answers, then closes when these are out")
  func requestsAhead() throws {
    let channel = try channel()
    let most = ConnectionState.maximumAhead
    for _ in 0..<(most + 5) {
      try channel.writeInbound(head())
      try channel.writeInbound(ReceivedPart.end(nil))
    }
    #expect(counters.calls == most)
    for _ in 0..<most {
      #expect(channel.isActive)
      try answer(channel)
    }
    #expect(counters.calls == 0)
    channel.embeddedEventLoop.advanceTime(by: .seconds(2))
    #expect(!channel.isActive)
  }
}
