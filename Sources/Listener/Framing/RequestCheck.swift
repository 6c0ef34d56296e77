import NIOCore
import NIOHTTP1

/// Stands behind the HTTP decoder. In the place of a head that is no valid request it hands on one whose standing
/// says so: like that it is answered in its turn, after the requests before it. Nothing behind it is read.
final class RequestCheck: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = ReceivedPart

  /// The element to which the connection's next byte belongs.
  enum Position {
    case head
    case counted(Int)
    case chunked(ChunkedBody)
    /// No further request can be found.
    case end
  }

  private static let connectionFields = ["Connection", "Proxy-Connection", "Upgrade"]

  private(set) var position = Position.head
  private var isLast = false
  private var context: ChannelHandlerContext?

  /// Adds a check and its scanner around the HTTP decoder.
  @discardableResult
  static func add(to pipeline: ChannelPipeline.SynchronousOperations) throws -> BodyScanner {
    let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
    let check = RequestCheck()
    let scanner = BodyScanner(check)
    try pipeline.addHandler(scanner, position: .before(decoder))
    try pipeline.addHandler(check, position: .after(decoder))
    return scanner
  }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  /// `BodyScanner` has taken some of a body.
  func advance(to position: Position) { self.position = position }

  /// A request line is not valid.
  func refuseHead(_ malformation: Malformation) {
    guard let context, case .head = position else { return }
    refuse(malformation, method: .GET, headers: [:], context)
  }

  /// A body's chunks are not valid.
  func refuseBody() {
    guard let context else { return }
    errorCaught(context: context, error: HTTPParserError.invalidChunkSize)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .end = position { return }
    switch unwrapInboundIn(data) {
    case .head(var head):
      do {
        position =
          switch try RequestRules.check(&head) {
          case .counted(let count): .counted(count)
          case .chunked: .chunked(ChunkedBody())
          }
        isLast = head.isLast
        context.fireChannelRead(wrapInboundOut(.head(head, RequestStanding())))
      } catch {
        refuse(error.malformation, method: head.method, headers: head.headers, context)
      }
    case .body(let bytes):
      context.fireChannelRead(wrapInboundOut(.body(bytes)))
    case .end(let trailers):
      // The decoder obeys such a trailer as if it stood in the head.
      if let trailers, Self.connectionFields.contains(where: trailers.contains(name:)) { return refuseBody() }
      position = isLast ? .end : .head
      context.fireChannelRead(wrapInboundOut(.end(trailers)))
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard error is HTTPParserError else {
      context.fireErrorCaught(error)
      return
    }
    switch position {
    case .end: break
    case .head: refuse(Self.malformation(of: error), method: .GET, headers: [:], context)
    case .counted, .chunked:
      position = .end
      context.fireErrorCaught(error)
    }
  }

  private static func malformation(of error: any Error) -> Malformation {
    switch error as? HTTPParserError {
    // `RequestLine` has seen the characters of a method, and `HTTP/`. So a constant that is wrong is the method, too:
    // the decoder knows some of other protocols.
    case .invalidMethod, .invalidConstant: .method
    case .headerOverflow: .longHead
    default: .head
    }
  }

  private func refuse(
    _ malformation: Malformation, method: HTTPMethod, headers: HTTPHeaders, _ context: ChannelHandlerContext
  ) {
    position = .end
    // There is no client to be answered.
    guard context.channel.isActive else { return }
    var kept = HTTPHeaders()
    for name in ["X-Request-ID", "Origin"] {
      if let value = headers.first(name: name) { kept.add(name: name, value: value) }
    }
    kept.add(name: "Host", value: "invalid")
    // The answer to CONNECT has no body in the eyes of the encoder.
    let head = HTTPRequestHead(
      version: .http1_1, method: method == .CONNECT ? .GET : method, uri: "/", headers: kept)
    context.fireChannelRead(wrapInboundOut(.head(head, RequestStanding(malformation: malformation))))
    context.fireChannelRead(wrapInboundOut(.end(nil)))
  }
}
