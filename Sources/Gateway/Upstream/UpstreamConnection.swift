import Listener
import NIOCore

/// A connection to a server, in turn for one call and waiting for the next one.
final class UpstreamConnection: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = IOData
  typealias OutboundOut = IOData

  let pool: OriginPool
  private(set) var context: ChannelHandlerContext?
  private(set) var allocator = ByteBufferAllocator()
  /// `nil` where bytes have to pass other handlers on their way, as those of TLS.
  private var socket: DirectSocket?
  private let isSecure: Bool
  /// Whether bytes were written to the channel that were not flushed.
  private var isUnflushed = false
  /// Whether bytes may wait in the channel.
  private var mayHold = false
  private var parser = ResponseParser()
  private var receiver: (any UpstreamReceiver)?
  private(set) var deadline: LazyDeadline?
  /// The failure if the deadline passes.
  private var lateness = UpstreamFailure.readTimeout
  private var readTimeout = TimeAmount.seconds(30)
  private var writeTimeout = TimeAmount.seconds(30)
  private var isRequestComplete = false
  private var isAnswerComplete = false
  private var hasAnswerBegun = false
  private var closes = false
  private(set) var isPaused = false
  private var isReadDue = false
  /// Bytes of an answer that no call takes.
  private var discarded = 0
  /// The most of them that are read for the sake of the connection.
  private static let longestRest = 64 << 10
  var wait = ClientWait()
  var waitTimer: LazyDeadline?
  private var isUsed = false
  /// Whether the connection was used by a call before the present one.
  private(set) var isReused = false

  init(_ pool: OriginPool, isSecure: Bool) {
    self.pool = pool
    self.isSecure = isSecure
  }

  var isWritable: Bool { context?.channel.isWritable ?? false }
  /// Whether the server can still answer.
  private(set) var isOpen = true
  /// Whether an answer to the present request has begun.
  var isAnswering: Bool { hasAnswerBegun }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    allocator = context.channel.allocator
    if !isSecure { socket = DirectSocket(context.channel) }
    deadline = LazyDeadline(on: context.eventLoop) { [unowned self] in self.deadlinePassed() }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    deadline?.cancel()
    waitTimer?.cancel()
    socket = nil
    self.context = nil
    // NIO has no `channelInactive` for a connection that is closed before its opening is over.
    if receiver != nil { fail(hasSentAnything ? .broken : .closedBeforeAnswer) }
  }

  // MARK: The call's side

  /// Takes the connection for a call.
  func begin(_ receiver: any UpstreamReceiver, isHead: Bool, read: TimeAmount, write: TimeAmount) {
    self.receiver = receiver
    (isReused, isUsed) = (isUsed, true)
    parser.expectAnswer(toHead: isHead)
    (isRequestComplete, isAnswerComplete, hasAnswerBegun, closes) = (false, false, false, false)
    (readTimeout, writeTimeout) = (read, write)
    if mayHold { mayHold = isHolding }
  }

  /// Whether bytes wait in the channel. A server may have answered before it took the whole request.
  private var isHolding: Bool {
    guard let options = context?.channel.syncOptions else { return true }
    // A channel that is closed has no options; then the bytes fail there.
    return (try? options.getOption(.bufferedWritableBytes)) != 0
  }

  func buffer(capacity: Int) -> ByteBuffer { allocator.buffer(capacity: capacity) }

  func write(_ bytes: ByteBuffer) {
    (isUnflushed, mayHold) = (true, true)
    if wait.note(bytes: bytes.readableBytes) { endWait() }
    context?.write(wrapOutboundOut(.byteBuffer(bytes)), promise: nil)
  }

  /// Sends a whole request.
  func send(_ bytes: UnsafeRawBufferPointer) {
    var sent = 0
    if let socket, !mayHold { sent = socket.send(bytes) }
    guard sent < bytes.count else { return }
    write(ByteBuffer(bytes: UnsafeRawBufferPointer(rebasing: bytes[sent...])))
    flush()
  }

  func flush() {
    if isUnflushed { context?.flush() }
    isUnflushed = false
    guard !isRequestComplete else { return }
    // While nothing waits for the server, it is the client that has to go on.
    if isWritable {
      awaitClient()
    } else {
      endWait()
      setDeadline(.writeTimeout, writeTimeout)
    }
  }

  /// The request has been written to its end.
  func endRequest() {
    isRequestComplete = true
    endWait()
    setDeadline(.readTimeout, readTimeout)
    if isAnswerComplete { finish() }
  }

  /// Nothing more is read from the server until `resume`.
  func pause() {
    isPaused = true
    deadline?.clear()
    beginWait()
  }

  func resume() {
    guard isPaused else { return }
    isPaused = false
    endWait()
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
    endWait()
    // Its descriptor may belong to another connection soon.
    socket = nil
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
      try deliverEvents()
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
    socket = nil
    if receiver != nil {
      do {
        try parser.end()
        try deliverEvents()
      } catch {
        fail(hasSentAnything ? .broken : .closedBeforeAnswer)
      }
    }
  }

  private func deliverEvents() throws(ResponseFault) {
    while true {
      let event = try parser.next()
      if case .more = event { return }
      deliver(event)
    }
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
    case .trailers(let section): receiver?.upstreamSent(trailers: section)
    case .more: break
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

  func fail(_ failure: UpstreamFailure) {
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
