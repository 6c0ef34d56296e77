import Model
import NIOCore
import NIOHTTP1

/// The data plane's part of a client's connection: begins a call with each request, and writes its answer.
final class ProxyHandler: ChannelDuplexHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  let loop: LoopState
  private var context: ChannelHandlerContext?
  private var call: ProxiedCall?
  private(set) var client: NetworkAddress?
  private var isReadDue = false
  /// Whether the call can't take more of the request's body now.
  private var isHolding = false

  init(_ loop: LoopState) {
    self.loop = loop
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    client = context.remoteAddress?.ipAddress.flatMap(NetworkAddress.init)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    call?.cancel()
    call = nil
    self.context = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      let call = ProxiedCall(head, self)
      self.call = call
      call.start()
    case .body(let bytes): call?.receive(body: bytes)
    case .end: call?.receiveEnd()
    }
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
    if let call { call.failBody() } else { context.close(promise: nil) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .inputClosed? = event as? ChannelEvent { call?.inputClosed() }
    context.fireUserInboundEventTriggered(event)
  }

  // MARK: The call's side

  var isClientWritable: Bool { context?.channel.isWritable ?? false }

  func write(_ part: HTTPServerResponsePart) {
    context?.write(wrapOutboundOut(part), promise: nil)
  }

  func flush() { context?.flush() }

  func closeClient() { context?.close(promise: nil) }

  /// The call has its whole answer.
  func finished(_ call: ProxiedCall) {
    if self.call === call { self.call = nil }
    release()
  }

  func hold() { isHolding = true }

  func release() {
    isHolding = false
    guard isReadDue else { return }
    isReadDue = false
    context?.read()
  }
}
