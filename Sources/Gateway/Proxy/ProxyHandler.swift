import Listener
import Model
import NIOCore
import NIOHTTP1

/// The calls of one connection whose requests came through NIO's decoder, because they are not of the simple kind.
final class ProxyHandler: ChannelDuplexHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  let loop: LoopState
  let isSecure: Bool
  private var context: ChannelHandlerContext?
  private var call: ProxiedCall?
  private(set) var address: NetworkAddress?
  private var isReadDue = false
  private var isHolding = false

  init(_ loop: LoopState, isSecure: Bool) {
    self.loop = loop
    self.isSecure = isSecure
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    address = context.remoteAddress?.ipAddress.flatMap(NetworkAddress.init)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    call?.cancel()
    call = nil
    self.context = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      guard let raw = RequestHead(head) else { return refuse(head) }
      let call = ProxiedCall(raw, self)
      self.call = call
      call.start()
    case .body(let bytes):
      // A call that can't take more says so behind this.
      context.triggerUserOutboundEvent(BodyReading.goesOn, promise: nil)
      call?.receive(body: bytes)
    case .end(let trailers): call?.receiveEnd(trailers.map(TrailerSection.init))
    }
  }

  /// The head is too long to be read.
  private func refuse(_ head: HTTPRequestHead) {
    let call = ProxiedCall(RequestHead(shortened: head), self)
    self.call = call
    call.answer(.longHead)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    call?.flushRequest()
    context.fireChannelReadComplete()
  }

  func read(context: ChannelHandlerContext) {
    if isHolding { isReadDue = true } else { context.read() }
  }

  func channelInactive(context: ChannelHandlerContext) {
    call?.cancel()
    call = nil
    context.fireChannelInactive()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    call?.clientWritabilityChanged(context.channel.isWritable)
    context.fireChannelWritabilityChanged()
  }

  /// The request's body can't be read to its end.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let call { call.failBody(.badBody) } else { context.close(promise: nil) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .inputClosed? = event as? ChannelEvent { call?.inputClosed() }
    if event is BodyDeadlinePassed { call?.failBody(.lateBody) }
    context.fireUserInboundEventTriggered(event)
  }
}

extension ProxyHandler: CallClient {
  var isWritable: Bool { context?.channel.isWritable ?? false }

  func buffer(capacity: Int) -> ByteBuffer {
    context?.channel.allocator.buffer(capacity: capacity) ?? ByteBuffer()
  }

  /// The handlers on the way add `Connection: close` where it is needed.
  func beginAnswer(saysClose: Bool) -> Bool { false }

  func write(informational head: ByteBuffer) { writeHead(head) }

  func headBytes() -> HeadBytes { loop.beginAnswer(of: nil) }

  func write(head: HeadBytes, _ framing: AnswerHead.Framing) {
    writeHead(head.buffer(ByteBufferAllocator()))
  }

  private func writeHead(_ bytes: ByteBuffer) {
    // The gateway wrote these bytes itself just now, so they are a head.
    guard let head = try? ResponseHeadParser.parse(bytes, hasNoBody: true) else { return closeClient() }
    let fields = head.fields.map { (head.text($0.name), head.text($0.value)) }
    write(
      .head(
        HTTPResponseHead(
          version: .init(major: 1, minor: head.minorVersion), status: HTTPResponseStatus(statusCode: head.status),
          headers: HTTPHeaders(fields))))
  }

  func write(body: ByteBuffer) { write(.body(.byteBuffer(body))) }

  func endAnswer(trailers: TrailerSection?) {
    // The encoder leaves them out where the body is not chunked.
    write(.end(trailers?.headers))
    flush()
  }

  private func write(_ part: HTTPServerResponsePart) {
    context?.write(wrapOutboundOut(part), promise: nil)
  }

  func flush() { context?.flush() }

  func closeClient() {
    context?.flush()
    context?.close(promise: nil)
  }

  func hold() {
    isHolding = true
    context?.triggerUserOutboundEvent(BodyReading.rests, promise: nil)
  }

  func release() {
    if isHolding { context?.triggerUserOutboundEvent(BodyReading.goesOn, promise: nil) }
    isHolding = false
    guard isReadDue else { return }
    isReadDue = false
    context?.read()
  }

  func leaveBody() { context?.triggerUserOutboundEvent(BodyReading.ends, promise: nil) }

  func finished(_ call: ProxiedCall) {
    if self.call === call { self.call = nil }
    release()
  }
}
