import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Platform
import Testing

@testable import GatehouseServer

@Suite("The guard of a connection")
struct ConnectionGuardTests {
  private let state = ServiceState()

  private func channel() throws -> EmbeddedChannel {
    state.becomeReady()
    let channel = EmbeddedChannel(handler: ConnectionGuard(state: state))
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    return channel
  }

  private func head(_ fields: HTTPFields = [:]) -> HTTPRequestPart {
    .head(HTTPRequest(method: .post, scheme: "http", authority: "x", path: "/", headerFields: fields))
  }

  private func answer(_ channel: EmbeddedChannel) throws {
    try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok)))
    try channel.writeOutbound(HTTPResponsePart.end(nil))
    _ = try channel.readOutbound(as: HTTPResponsePart.self)
    _ = try channel.readOutbound(as: HTTPResponsePart.self)
  }

  private func taken(_ limiter: ConnectionLimiter) throws -> (channel: EmbeddedChannel, isTaken: Bool) {
    let channel = EmbeddedChannel()
    try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
    let isTaken = limiter.take(channel)
    if isTaken { try channel.pipeline.syncOperations.addHandler(ConnectionGuard(state: state, limiter: limiter)) }
    return (channel, isTaken)
  }

  @Test("keeps the place of a call while it is answered, and not while its client does not take the answer")
  func slowReader() throws {
    state.becomeReady()
    let limiter = ConnectionLimiter(.init(maximum: 1, loopbackPlaces: 0, slowRequest: .zero)) { _ in false }
    let first = try taken(limiter).channel
    try first.writeInbound(head())
    try first.writeInbound(HTTPRequestPart.end(nil))
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
    #expect(state.calls == 0)
  }

  @Test("closes when no request comes in time")
  func silentClient() throws {
    let channel = try channel()
    channel.embeddedEventLoop.advanceTime(by: .seconds(14))
    #expect(channel.isActive)
    channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    #expect(!channel.isActive)
    #expect(state.connections == 0)
  }

  @Test("refuses a body that does not end in time, and gives up its call")
  func slowBody() throws {
    let channel = try channel()
    try channel.writeInbound(head())
    for _ in 0..<29 {
      try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(string: "x")))
      channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    }
    #expect(try channel.readOutbound(as: HTTPResponsePart.self) == nil)
    #expect(state.calls == 1)
    channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    guard case .head(let response)? = try channel.readOutbound(as: HTTPResponsePart.self) else {
      Issue.record("no answer")
      return
    }
    #expect(response.status == .requestTimeout)
    #expect(response.headerFields[.connection] == "close")
    channel.embeddedEventLoop.advanceTime(by: .seconds(2))
    #expect(!channel.isActive)
    #expect(state.calls == 0)
  }

  @Test("waits longer between requests than before the first")
  func idle() throws {
    let channel = try channel()
    try channel.writeInbound(head())
    try channel.writeInbound(HTTPRequestPart.end(nil))
    channel.embeddedEventLoop.advanceTime(by: .seconds(600))
    #expect(channel.isActive)
    try answer(channel)
    #expect(state.calls == 0)
    channel.embeddedEventLoop.advanceTime(by: .seconds(74))
    #expect(channel.isActive)
    channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    #expect(!channel.isActive)
  }

  @Test("marks what comes after the drain began, and no client can mark or unmark anything")
  func draining() throws {
    let channel = try channel()
    let isMarked = { (fields: HTTPFields) throws -> Bool in
      try channel.writeInbound(head(fields))
      guard case .head(let request)? = try channel.readInbound(as: HTTPRequestPart.self) else { return false }
      return request.headerFields[.turnedAway] != nil
    }
    #expect(try !isMarked([.turnedAway: "forged"]))
    #expect(state.calls == 1)
    #expect(state.startDraining() == .ready)
    #expect(try isMarked([:]))
    #expect(state.calls == 1)
  }

  @Test("gives up the calls of a client that goes away")
  func goneClient() throws {
    let channel = try channel()
    try channel.writeInbound(head())
    try channel.writeInbound(HTTPRequestPart.end(nil))
    try channel.writeInbound(head())
    #expect(state.calls == 2)
    try channel.close().wait()
    #expect(state.calls == 0)
  }

  @Test("waits for the next request of a client that was answered before its body ended")
  func earlyAnswer() throws {
    let channel = try channel()
    try channel.writeInbound(head())
    try answer(channel)
    try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(string: "x")))
    try channel.writeInbound(HTTPRequestPart.end(nil))
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
    #expect(try channel.readOutbound(as: HTTPResponsePart.self) == nil)
    channel.embeddedEventLoop.advanceTime(by: .seconds(2))
    #expect(!channel.isActive)
  }

  @Test("takes some requests ahead of their answers, then closes when these are out")
  func requestsAhead() throws {
    let channel = try channel()
    let most = ConnectionGuard.maximumAhead
    for _ in 0..<(most + 5) {
      try channel.writeInbound(head())
      try channel.writeInbound(HTTPRequestPart.end(nil))
    }
    #expect(state.calls == most)
    for _ in 0..<most {
      #expect(channel.isActive)
      try answer(channel)
    }
    #expect(state.calls == 0)
    channel.embeddedEventLoop.advanceTime(by: .seconds(2))
    #expect(!channel.isActive)
  }
}
