import Listener
import NIOCore

/// The events of a call's connection to a server. All come on the event loop of both.
protocol UpstreamReceiver: AnyObject {
  func upstreamSent(informational head: ResponseHead)
  func upstreamSent(head: ResponseHead)
  func upstreamSent(body: ByteBuffer)
  /// The answer is complete.
  ///
  /// - Parameter isReusable: whether the connection went back to its pool; if not, it is closed.
  func upstreamEnded()
  /// A part of the answer has come, and nothing more waits: a good time to flush.
  func upstreamPaused()
  func upstreamFailed(_ failure: UpstreamFailure)
  func upstreamWritabilityChanged(_ isWritable: Bool)
}

/// Why a call to a server failed.
enum UpstreamFailure: Error, Equatable {
  /// No connection could be opened.
  case unreachable
  /// The server did not accept a connection in time.
  case connectTimeout
  /// All connections were in use for too long.
  case crowded
  /// The connection ended before anything of an answer came.
  case closedBeforeAnswer
  /// The connection ended, or what came was no valid answer.
  case broken
  /// The server took too long to answer.
  case readTimeout
  /// The server took too long to take the request.
  case writeTimeout
}

/// A connection to a server, in turn for one call and waiting for the next one.
final class UpstreamConnection: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = IOData
  typealias OutboundOut = IOData

  private let pool: OriginPool
  private var context: ChannelHandlerContext?
  private(set) var allocator = ByteBufferAllocator()
  private var parser = ResponseParser()
  private var receiver: (any UpstreamReceiver)?
  private var deadline: LazyDeadline?
  /// The failure if the deadline passes.
  private var lateness = UpstreamFailure.readTimeout
  private var readTimeout = TimeAmount.seconds(30)
  private var writeTimeout = TimeAmount.seconds(30)
  private var isRequestComplete = false
  private var isAnswerComplete = false
  private var hasAnswerBegun = false
  private var closes = false
  private var isPaused = false
  private var isReadDue = false
  /// Bytes of an answer that no call takes.
  private var discarded = 0
  /// The most of them that are read for the sake of the connection.
  private static let longestRest = 64 << 10
  private var isUsed = false
  /// Whether the connection was used by a call before the present one.
  private(set) var isReused = false

  init(_ pool: OriginPool) {
    self.pool = pool
  }

  var isWritable: Bool { context?.channel.isWritable ?? false }
  /// Whether the server can still answer.
  private(set) var isOpen = true
  /// Whether an answer to the present request has begun.
  var isAnswering: Bool { hasAnswerBegun }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    allocator = context.channel.allocator
    deadline = LazyDeadline(on: context.eventLoop) { [unowned self] in self.deadlinePassed() }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    deadline?.cancel()
    self.context = nil
  }

  // MARK: The call's side

  /// Takes the connection for a call.
  func begin(_ receiver: any UpstreamReceiver, isHead: Bool, read: TimeAmount, write: TimeAmount) {
    self.receiver = receiver
    (isReused, isUsed) = (isUsed, true)
    parser.expectAnswer(toHead: isHead)
    (isRequestComplete, isAnswerComplete, hasAnswerBegun, closes) = (false, false, false, false)
    (readTimeout, writeTimeout) = (read, write)
  }

  func buffer(capacity: Int) -> ByteBuffer {
    allocator.buffer(capacity: capacity)
  }

  func write(_ bytes: ByteBuffer) {
    context?.write(wrapOutboundOut(.byteBuffer(bytes)), promise: nil)
  }

  func flush() {
    context?.flush()
    guard !isRequestComplete else { return }
    // While nothing waits for the server, it is the client that has to go on.
    if isWritable { awaitClient() } else { setDeadline(.writeTimeout, writeTimeout) }
  }

  /// The request has been written to its end.
  func endRequest() {
    isRequestComplete = true
    setDeadline(.readTimeout, readTimeout)
    if isAnswerComplete { finish() }
  }

  /// The client has to send more of the request: the server is not late.
  func awaitClient() { deadline?.clear() }

  /// Nothing more is read from the server until `resume`.
  func pause() {
    isPaused = true
    deadline?.clear()
  }

  func resume() {
    guard isPaused else { return }
    isPaused = false
    if !isAnswerComplete { setDeadline(.readTimeout, readTimeout) }
    if isReadDue {
      isReadDue = false
      context?.read()
    }
  }

  /// The call has no use for the connection any more. It can't be used again.
  func abandon() {
    receiver = nil
    close()
  }

  /// The call has no use for the rest of the answer. When that comes soon, the connection can be used again.
  func drain() {
    receiver = nil
    discarded = 0
    guard isRequestComplete, hasAnswerBegun, !isAnswerComplete, !closes else { return close() }
    resume()
    setDeadline(.readTimeout, Self.drainTime)
  }

  private static let drainTime = TimeAmount.seconds(1)

  func close() {
    isOpen = false
    deadline?.clear()
    context?.close(promise: nil)
  }

  // MARK: The pool's side

  /// Closes the connection if no call takes it.
  func rest(for time: TimeAmount) { deadline?.set(in: time) }

  func wake() {
    deadline?.clear()
  }

  // MARK: The server's side

  func read(context: ChannelHandlerContext) {
    if isPaused { isReadDue = true } else { context.read() }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    parser.receive(unwrapInboundIn(data))
    do {
      while let event = try parser.next() { deliver(event) }
    } catch {
      return fail(.broken)
    }
    if receiver != nil, isRequestComplete, !isPaused { setDeadline(.readTimeout, readTimeout) }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    receiver?.upstreamPaused()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable, !isRequestComplete, receiver != nil { awaitClient() }
    receiver?.upstreamWritabilityChanged(context.channel.isWritable)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    pool.note(error)
    fail(hasSentAnything ? .broken : .closedBeforeAnswer)
  }

  /// Whether something of an answer came, even if it is not a whole head.
  private var hasSentAnything: Bool { hasAnswerBegun || parser.hasRest }

  func channelInactive(context: ChannelHandlerContext) {
    isOpen = false
    if receiver != nil {
      do {
        try parser.end()
        while let event = try parser.next() { deliver(event) }
      } catch {
        fail(hasSentAnything ? .broken : .closedBeforeAnswer)
      }
    }
    pool.forget(self)
  }

  private func deliver(_ event: ResponseParser.Event) {
    hasAnswerBegun = true
    switch event {
    case .informational(let head): receiver?.upstreamSent(informational: head)
    case .head(let head):
      closes = head.closes
      receiver?.upstreamSent(head: head)
    case .body(let bytes):
      if let receiver { return receiver.upstreamSent(body: bytes) }
      discarded += bytes.readableBytes
      if discarded > Self.longestRest { close() }
    case .end:
      isAnswerComplete = true
      deadline?.clear()
      if isRequestComplete || receiver == nil {
        finish()
      } else {
        // The server did not wait for the whole request. It may not read the rest, so the connection is of no use.
        let receiver = receiver
        self.receiver = nil
        close()
        receiver?.upstreamEnded()
      }
    }
  }

  private func finish() {
    let receiver = receiver
    self.receiver = nil
    // The call may have paused the last part of its answer. The next call must not wait for its end.
    resume()
    if closes || parser.hasRest || !isOpen { close() } else { pool.release(self) }
    receiver?.upstreamEnded()
  }

  private func fail(_ failure: UpstreamFailure) {
    let receiver = receiver
    self.receiver = nil
    close()
    receiver?.upstreamFailed(failure)
  }

  private func setDeadline(_ lateness: UpstreamFailure, _ time: TimeAmount) {
    self.lateness = lateness
    deadline?.set(in: time)
  }

  private func deadlinePassed() {
    if receiver == nil { close() } else { fail(lateness) }
  }
}
