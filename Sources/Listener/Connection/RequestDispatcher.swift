import Clocks
import HTTPTypes
import Model
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// Hands each request of a connection to whom it is for, one at a time, in the order in which they came.
///
/// A request of the data plane goes to the handlers behind this one, as NIO's own parts. Every other is answered by
/// the responder. It runs on the connection's event loop, and there it stays unless it waits for something.
final class RequestDispatcher: ChannelDuplexHandler {
  typealias InboundIn = ReceivedPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  /// Parts of requests that wait for the answer before them. Beyond these nothing is read.
  private static let mostWaiting = 10

  private enum Owner {
    case responder
    case dataPlane
  }

  /// The request that is being answered.
  private struct Current {
    let owner: Owner
    var body: RequestBodyStream.Writer?
    /// Bytes of the body that did not come yet; `nil` where its length is not declared.
    var left: Int?
    /// Whether the client waits for `100 Continue`: none was sent, and nothing of the body came.
    var awaitsContinue = false
    var isRead = false
    var isAnswered = false
  }

  private let responder: ListenerResponder
  private let isOfDataPlane: (@Sendable (_ path: Substring.UTF8View) -> Bool)?
  private let executor: EventLoopExecutor
  private var date = DateField()
  private var current: Current?
  private var waiting = CircularBuffer<ReceivedPart>()
  private var isAdvancing = false
  private var isInputClosed = false
  /// The fault of the body at the end of `waiting`, whose request has its turn after the answers before it.
  private var waitingFault: (any Error)?
  /// A body that nobody reads is not read from the socket either.
  private var isBodyFull = false
  private var isReadDue = false
  private var client: NetworkAddress?
  private var closings: ClosingQueue?

  init(
    responder: @escaping ListenerResponder, isOfDataPlane: (@Sendable (Substring.UTF8View) -> Bool)?,
    executor: EventLoopExecutor
  ) {
    self.responder = responder
    self.isOfDataPlane = isOfDataPlane
    self.executor = executor
  }

  func handlerAdded(context: ChannelHandlerContext) {
    client = context.remoteAddress?.ipAddress.flatMap(NetworkAddress.init)
    closings = .of(context.eventLoop)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    waiting.append(unwrapInboundIn(data))
    advance(context)
  }

  func read(context: ChannelHandlerContext) {
    guard !isBodyFull, waiting.count < Self.mostWaiting else {
      isReadDue = true
      return
    }
    context.read()
  }

  func channelInactive(context: ChannelHandlerContext) {
    current?.body?.fail(ChannelError.eof)
    waiting.removeAll()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if error is HTTPParserError, !waiting.isEmpty {
      waitingFault = error
    } else if let body = current?.body {
      body.fail(error)
    } else if error is HTTPParserError, current?.owner == .dataPlane {
      context.fireErrorCaught(error)
    } else if !(error is HTTPParserError) {
      context.close(promise: nil)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .inputClosed? = event as? ChannelEvent {
      isInputClosed = true
      advance(context)
    }
    context.fireUserInboundEventTriggered(event)
  }

  /// An answer of the data plane.
  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    var isEnd = false
    if case .end = unwrapOutboundIn(data) { isEnd = true }
    context.write(data, promise: promise)
    guard isEnd, current?.owner == .dataPlane else { return }
    current?.isAnswered = true
    advance(context)
  }

  func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
    // The connection may have read the request to its end, and another one behind it.
    if case .ends? = event as? BodyReading, isWholeRequestHere {
      promise?.succeed()
    } else {
      context.triggerUserOutboundEvent(event, promise: promise)
    }
  }

  /// Whether the present request has come to its end, although parts of it may wait.
  private var isWholeRequestHere: Bool {
    guard let current, !current.isRead else { return true }
    return waiting.contains { part in
      if case .end = part { true } else { false }
    }
  }

  /// Goes through the parts that wait, as far as the answers allow.
  private func advance(_ context: ChannelHandlerContext) {
    guard !isAdvancing else { return }
    isAdvancing = true
    defer { isAdvancing = false }
    while true {
      if let current, current.isRead {
        guard current.isAnswered else { break }
        self.current = nil
      }
      guard let part = waiting.popFirst() else { break }
      take(part, context)
    }
    if let fault = waitingFault, waiting.isEmpty {
      waitingFault = nil
      if current?.isAnswered == false { errorCaught(context: context, error: fault) }
    }
    if isInputClosed, waiting.isEmpty { breakBodyOff(context) }
    if isInputClosed, waiting.isEmpty, current == nil || current?.isAnswered == true {
      closings?.close(context.channel)
    }
    readIfDue(context)
  }

  /// The client sends nothing more. A request that is not complete, which may have waited for the answers before it,
  /// never will be.
  private func breakBodyOff(_ context: ChannelHandlerContext) {
    guard let current, !current.isRead, !current.isAnswered else { return }
    switch current.owner {
    case .responder: current.body?.fail(ChannelError.inputClosed)
    case .dataPlane: context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    }
  }

  private func readIfDue(_ context: ChannelHandlerContext) {
    guard isReadDue, !isBodyFull, waiting.count < Self.mostWaiting else { return }
    isReadDue = false
    context.read()
  }

  private func take(_ part: ReceivedPart, _ context: ChannelHandlerContext) {
    switch part {
    case .head(let head, let standing):
      if standing == RequestStanding(), isOfDataPlane?(Self.path(of: head.uri)) == true {
        current = Current(owner: .dataPlane)
        context.fireChannelRead(wrapInboundOut(.head(head)))
      } else {
        respond(to: head, standing, context)
      }
    case .body(let bytes):
      current?.awaitsContinue = false
      current?.left? -= bytes.readableBytes
      if current?.owner == .dataPlane {
        context.fireChannelRead(wrapInboundOut(.body(bytes)))
      } else if current?.isAnswered == false, let body = current?.body {
        isBodyFull = body.write(bytes)
      }
    case .end(let trailers):
      current?.awaitsContinue = false
      current?.isRead = true
      current?.body?.finish()
      if current?.owner == .dataPlane { context.fireChannelRead(wrapInboundOut(.end(trailers))) }
    }
  }

  private static func path(of target: String) -> Substring.UTF8View {
    let bytes = target.utf8
    return target[..<(bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.endIndex)].utf8
  }

  private func respond(to head: HTTPRequestHead, _ standing: RequestStanding, _ context: ChannelHandlerContext) {
    let request: HTTPRequest
    do {
      request = try HTTPRequest(head, secure: false, splitCookie: false)
    } catch {
      // The decoder and `RequestRules` let no such head pass.
      context.close(promise: nil)
      return
    }
    var body: RequestBodyStream?
    if head.hasBody {
      let (stream, writer) = makeBody(of: head, context)
      body = stream
      current = Current(
        owner: .responder, body: writer, left: head.declaredLength, awaitsContinue: head.expectsContinue)
    } else {
      current = Current(owner: .responder)
    }
    let incoming = IncomingRequest(
      head: request, standing: standing, body: body, channel: context.channel, client: client)
    let connection = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let (eventLoop, responder) = (context.eventLoop, responder)
    Task.immediate(executorPreference: executor) {
      let response = await responder(incoming)
      if eventLoop.inEventLoop {
        let (dispatcher, context) = connection.value
        dispatcher.answer(response, context)
      } else {
        eventLoop.execute {
          let (dispatcher, context) = connection.value
          dispatcher.answer(response, context)
        }
      }
    }
  }

  private func makeBody(
    of head: HTTPRequestHead, _ context: ChannelHandlerContext
  ) -> (stream: RequestBodyStream, writer: RequestBodyStream.Writer) {
    let eventLoop = context.eventLoop
    let connection = NIOLoopBound((self, context), eventLoop: eventLoop)
    let resume: @Sendable () -> Void = {
      let (dispatcher, context) = connection.value
      dispatcher.isBodyFull = false
      dispatcher.readIfDue(context)
    }
    let begin: @Sendable () -> Void = {
      // In a turn of its own: a body that came along with the head is taken before, and the answer comes behind.
      eventLoop.execute {
        let (dispatcher, context) = connection.value
        dispatcher.sendContinue(context)
      }
    }
    return RequestBodyStream.make(on: eventLoop, resume: resume, begin: head.expectsContinue ? begin : nil)
  }

  /// The body is about to be read, so a client that waits with it may send it.
  private func sendContinue(_ context: ChannelHandlerContext) {
    guard let current, current.awaitsContinue, !current.isAnswered else { return }
    self.current?.awaitsContinue = false
    let head = HTTPResponseHead(version: .http1_1, status: .continue)
    context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
  }

  private func answer(_ response: OutgoingResponse, _ context: ChannelHandlerContext) {
    // Nobody knows whether the client sends the body now, or another request in its place. A long one is not read.
    var leavesBody = current?.awaitsContinue == true && waiting.isEmpty
    if let left = current?.left, left > UnusedBody.longest { leavesBody = true }
    current?.isAnswered = true
    // The rest of the body is thrown away.
    current?.body?.finish()
    isBodyFull = false
    var head = response.head
    head.headerFields[.date] = date.text(at: WallClock.system.now().seconds)
    if leavesBody { head.headerFields[.connection] = "close" }
    triggerUserOutboundEvent(context: context, event: BodyReading.ends, promise: nil)
    context.write(wrapOutboundOut(.head(HTTPResponseHead(head))), promise: nil)
    if let body = response.body { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    advance(context)
  }
}
