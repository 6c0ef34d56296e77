import Model
import NIOCore

/// Stands before the HTTP decoder, and gives requests of the direct service to it. Everything else goes to the decoder.
///
/// A direct request begins only while the way through the decoder is at rest, so answers keep the order of requests.
final class FrontHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = IOData
  typealias OutboundOut = IOData

  private let connection: ConnectionGuard
  private let addDecoder: (ChannelPipeline.SynchronousOperations) throws -> BodyScanner
  /// `nil` as long as nothing had to go to the decoder: then there is none.
  private var scanner: BodyScanner?
  private let writes: WriteDeadline
  /// `nil` where bytes have to pass other handlers on their way, as those of TLS.
  private var socket: DirectSocket?
  private let isSecure: Bool
  private var service: (any DirectService)?
  private var context: ChannelHandlerContext?
  /// Bytes that came behind the request that is being answered.
  private var rest = ByteBuffer()
  /// Bytes that are left of the request's body.
  private var left = 0
  /// Whether the channel has bytes that were not flushed.
  private var isUnflushed = false
  private var isCalling = false
  private var isAnswered = false
  private var isProcessing = false
  private var isPaused = false
  private var isReadDue = false
  private var isInputClosed = false

  /// - Parameters:
  ///   - writes: of this connection. It has a place behind this one when the decoder was added.
  ///   - addDecoder: adds the handlers of the usual way behind this one.
  init(
    _ connection: ConnectionGuard, _ writes: WriteDeadline, isSecure: Bool,
    _ addDecoder: @escaping (ChannelPipeline.SynchronousOperations) throws -> BodyScanner
  ) {
    self.connection = connection
    self.writes = writes
    self.isSecure = isSecure
    self.addDecoder = addDecoder
  }

  /// - Parameter service: of this connection.
  func serve(_ service: any DirectService) {
    self.service = service
    connection.direct = self
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    writes.borrow(context)
    if !isSecure { socket = DirectSocket(context.channel) }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    socket = nil
    service?.cancel()
    service = nil
    connection.direct = nil
    writes.stop()
    self.context = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if rest.readableBytes == 0, !isCalling {
      rest = unwrapInboundIn(data)
    } else {
      var bytes = unwrapInboundIn(data)
      if rest.readableBytes == 0 { rest = bytes } else { rest.writeBuffer(&bytes) }
    }
    process(context)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if left > 0 { service?.flushRequest() }
    if scanner != nil { context.fireChannelReadComplete() }
  }

  func read(context: ChannelHandlerContext) {
    if isPaused || isCalling && left == 0 && rest.readableBytes > 0 { isReadDue = true } else { context.read() }
  }

  func channelInactive(context: ChannelHandlerContext) {
    socket = nil
    isCalling = false
    service?.cancel()
    context.fireChannelInactive()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if isCalling { service?.writabilityChanged(context.channel.isWritable) }
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case .inputClosed? = event as? ChannelEvent else { return context.fireUserInboundEventTriggered(event) }
    guard isCalling else { return closeInput(context) }
    // The handlers behind would close the connection before the answer.
    isInputClosed = true
    if left > 0 { breakBodyOff(context) } else { service?.inputClosed() }
  }

  /// Whether the head of another request has come behind the one that is being answered.
  var isRequestWaiting: Bool { rest.hasWholeHead(behind: left) }

  /// The client sends nothing more, and the body of the present request is not complete.
  private func breakBodyOff(_ context: ChannelHandlerContext) {
    if isAnswered { context.channel.close(mode: .output, promise: nil) } else { service?.bodyBrokeOff() }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if scanner == nil { context.close(promise: nil) } else { context.fireErrorCaught(error) }
  }

  /// The client sends nothing more.
  private func closeInput(_ context: ChannelHandlerContext) {
    if scanner == nil {
      ClosingQueue.of(context.eventLoop).close(context.channel)
    } else {
      context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    }
  }

  /// Goes through the bytes that came, as far as the answers allow. Then reads more, or closes when nothing more comes.
  private func process(_ context: ChannelHandlerContext) {
    // An answer came at once. More requests may wait behind its own, and the loop goes on to them.
    guard !isProcessing else { return }
    isProcessing = true
    takeRequests(context)
    isProcessing = false
    guard connection.hold(rest.readableBytes) else { return context.close(promise: nil) }
    if !isCalling, isInputClosed {
      isInputClosed = false
      closeInput(context)
    }
    readIfDue(context)
  }

  private func takeRequests(_ context: ChannelHandlerContext) {
    while rest.readableBytes > 0 {
      if left > 0 {
        takeBody()
      } else if isCalling {
        return
      } else if !connection.isReading {
        connection.discard(rest.readableBytes)
        rest.clear()
      } else if !begin(context) {
        return handToDecoder(context)
      }
    }
    // Nothing of it is needed, and the channel can read into the same memory again.
    rest = ByteBuffer()
    // The rest of a body that was sent behind another request does not come either.
    if left > 0, isInputClosed { breakBodyOff(context) }
  }

  private func handToDecoder(_ context: ChannelHandlerContext) {
    let bytes = rest
    rest = ByteBuffer()
    _ = connection.hold(0)
    if scanner == nil {
      do {
        scanner = try addDecoder(context.pipeline.syncOperations)
      } catch {
        return context.close(promise: nil)
      }
    }
    context.fireChannelRead(wrapInboundOut(bytes))
  }

  private func takeBody() {
    let count = min(left, rest.readableBytes)
    guard let piece = rest.readSlice(length: count) else { return }
    left -= count
    connection.extendBody()
    connection.receiveBody(count)
    if !isAnswered { service?.receive(body: piece) }
    if left == 0 { endRequest() }
  }

  /// - Returns: `false` when the bytes are for the decoder.
  private func begin(_ context: ChannelHandlerContext) -> Bool {
    guard let service, scanner?.isBetweenRequests != false, connection.isAtRest, let request = service.recognize(rest)
    else {
      return false
    }
    // A short body that came along goes with the head, and needs no way of its own.
    let isShort = 1...RequestMemory.free ~= request.bodyLength
    let isWhole = isShort && rest.readableBytes >= request.headLength + request.bodyLength
    let length = isWhole ? 0 : request.bodyLength
    switch connection.beginDirect(hasBody: length > 0, closes: request.closes) {
    case .taken: break
    case .notTaken: return false
    case .closing:
      rest.clear()
      return true
    }
    rest.moveReaderIndex(forwardBy: request.headLength)
    (isCalling, isAnswered, left) = (true, false, length)
    service.begin(isWhole ? rest.readSlice(length: request.bodyLength) : nil)
    if left == 0 { endRequest() }
    return true
  }

  private func endRequest() {
    if !isAnswered { service?.receiveEnd() }
    if !isAnswered, isInputClosed { service?.inputClosed() }
    connection.endDirectRequest()
    finishIfDone()
  }

  private func finishIfDone() {
    guard isCalling, isAnswered, left == 0 else { return }
    isCalling = false
    if let context { process(context) }
  }

  private func readIfDue(_ context: ChannelHandlerContext) {
    guard isReadDue, !isPaused, !(isCalling && left == 0 && rest.readableBytes > 0) else { return }
    isReadDue = false
    context.read()
  }

  /// The body of the request that is being read takes too long.
  ///
  /// - Returns: `false` when no direct request is being read.
  func bodyIsLate() -> Bool {
    guard isCalling, left > 0 else { return false }
    if !isAnswered { service?.bodyIsLate() }
    return true
  }
}

extension FrontHandler: DirectConnection {
  var channel: any Channel {
    guard let context else { preconditionFailure("a direct service asks after its connection was closed") }
    return context.channel
  }

  var client: NetworkAddress? { connection.client }

  func beginAnswer(saysClose: Bool) -> Bool { connection.beginDirectAnswer(saysClose: saysClose) }

  func write(_ bytes: ByteBuffer) {
    isUnflushed = true
    writes.write(bytes)
  }

  func send(_ bytes: UnsafeRawBufferPointer) {
    var sent = 0
    if let socket, !isUnflushed, writes.isEmpty { sent = socket.send(bytes) }
    guard sent < bytes.count else { return }
    write(ByteBuffer(bytes: UnsafeRawBufferPointer(rebasing: bytes[sent...])))
    flush()
  }

  func flush() {
    guard isUnflushed else { return }
    isUnflushed = false
    writes.flush()
  }

  func endAnswer() {
    guard let context, !isAnswered else { return }
    isAnswered = true
    connection.endDirectAnswer()
    flush()
    if writes.isEmpty {
      connection.directAnswerIsOut()
    } else {
      let bound = NIOLoopBound(connection, eventLoop: context.eventLoop)
      let promise = context.eventLoop.makePromise(of: Void.self)
      promise.futureResult.whenComplete { _ in bound.value.directAnswerIsOut() }
      writes.write(ByteBuffer(), promise)
      writes.flush()
    }
    finishIfDone()
  }

  func pauseReading() {
    isPaused = true
    connection.restBody()
  }

  func resumeReading() {
    if isPaused, left > 0 { connection.extendBody() }
    isPaused = false
    if let context { readIfDue(context) }
  }

  func close() { context?.close(promise: nil) }
}
