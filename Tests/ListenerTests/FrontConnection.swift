import NIOCore
import NIOEmbedded
import NIOHTTP1

@testable import Listener

/// The socket of a connection: what is written to it, how it is closed, and how often it is read.
final class Wire: ChannelOutboundHandler {
  typealias OutboundIn = IOData

  var text = ""
  var closes: [CloseMode] = []
  var reads = 0
  /// Whether the client is gone, which shows in the next write.
  var isReset = false

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if isReset { close(context: context, mode: .all, promise: nil) }
    guard closes.isEmpty else { return promise?.fail(ChannelError.outputClosed) ?? () }
    if case .byteBuffer(let bytes) = unwrapOutboundIn(data) { text += String(buffer: bytes) }
    promise?.succeed()
  }

  func read(context: ChannelHandlerContext) { reads += 1 }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    closes.append(mode)
    guard mode == .all else { return promise?.succeed() ?? () }
    context.close(mode: mode, promise: promise)
  }
}

/// Takes requests whose path begins with `/direct`, and answers those to `/direct/now` at once.
final class FakeService: DirectService {
  private let connection: any DirectConnection
  private var path = ""
  var events: [String] = []

  init(_ connection: any DirectConnection) { self.connection = connection }

  func recognize(_ bytes: ByteBuffer) -> DirectRequest? {
    let text = String(buffer: bytes)
    guard text.hasPrefix("POST /direct"), let end = text.firstRange(of: "\r\n\r\n") else { return nil }
    let head = text[..<end.upperBound]
    path = String(head.split(separator: " ")[1])
    let lengths = head.split(separator: "\r\n").filter { $0.hasPrefix("Content-Length: ") }
    return DirectRequest(
      headLength: head.utf8.count, bodyLength: lengths.first.flatMap { Int($0.dropFirst(16)) } ?? 0,
      closes: head.contains("Connection: close"))
  }

  func begin(_ body: ByteBuffer?) {
    events.append("begin \(path)")
    if let body { events.append("whole \(String(buffer: body))") }
    if path.hasPrefix("/direct/now") { answer() }
  }

  func answer(saysClose: Bool = false) {
    let closes = connection.beginAnswer(saysClose: saysClose)
    connection.write(ByteBuffer(string: "[\(path)\(closes || saysClose ? " close" : "")]"))
    connection.endAnswer()
  }

  func receive(body: ByteBuffer) { events.append("body \(String(buffer: body))") }
  func receiveEnd() { events.append("end") }
  func flushRequest() { events.append("flush") }
  func inputClosed() { events.append("input closed") }
  func bodyBrokeOff() { events.append("broke off") }
  func bodyIsLate() { events.append("late") }
  func writabilityChanged(_ isWritable: Bool) { events.append("writable \(isWritable)") }
  func cancel() { events.append("cancel") }
}

/// Answers requests of the decoder: those whose path begins with `/early` at their head, one for `/late` when it is
/// told to, and the others at their end.
final class DecodedAnswers: ChannelInboundHandler {
  typealias InboundIn = ReceivedPart
  typealias OutboundOut = HTTPServerResponsePart

  private var path = ""
  private var late: ChannelHandlerContext?
  var events: [String] = []

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head, _):
      path = head.uri
      if path == "/late" { late = context }
      if path.hasPrefix("/early") { answer(context) }
    // The data plane tells the connection so of each piece.
    case .body: context.triggerUserOutboundEvent(BodyReading.goesOn, promise: nil)
    case .end:
      events.append("decoded \(path)")
      if !path.hasPrefix("/early"), late == nil { answer(context) }
    }
  }

  func answerLate() {
    if let late { answer(late) }
    late = nil
  }

  private func answer(_ context: ChannelHandlerContext) {
    let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Content-Length": "0"])
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .inputClosed? = event as? ChannelEvent { events.append("input closed") }
  }
}

/// A connection with its handlers, but for TLS and the limits.
final class FrontConnection {
  let channel = EmbeddedChannel()
  let wire = Wire()
  let front: FrontHandler
  let service: FakeService
  let decoded = DecodedAnswers()
  let counters = ConnectionCounters()

  init() throws {
    let (pipeline, decoded) = (channel.pipeline.syncOperations, decoded)
    let writes = WriteDeadline()
    let connection = ConnectionGuard(slot: counters.slot(of: channel.eventLoop))
    front = FrontHandler(connection, writes, isSecure: false) { pipeline in
      try pipeline.addHandlers(
        [writes, HTTPResponseEncoder(), ByteToMessageHandler(HTTPRequestDecoder())], position: .before(connection))
      try pipeline.addHandler(decoded, position: .after(connection))
      let scanner = try RequestCheck.add(to: pipeline)
      connection.follow(scanner)
      return scanner
    }
    try pipeline.addHandlers([wire, front, connection])
    service = FakeService(front)
    front.serve(service)
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
  }

  func send(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }

  func request(_ path: String, body: String? = nil, length: Int? = nil) -> String {
    let count = length ?? body?.utf8.count ?? 0
    return "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: \(count)\r\n\r\n\(body ?? "")"
  }

  func closeInput() { channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }

  func setWritable(_ isWritable: Bool) {
    channel.isWritable = isWritable
    channel.pipeline.fireChannelWritabilityChanged()
  }

  /// The paths of the answers, in their order.
  var answers: String {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
    return wire.text.replacing(head + "\r\n", with: "[decoded]")
      .replacing(head + "Connection: close\r\n\r\n", with: "[decoded close]")
  }
}
