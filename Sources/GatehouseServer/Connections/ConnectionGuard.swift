import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import Platform

/// Stands in each connection between the HTTP codec and whoever answers: bounds the time that a client may take and the
/// requests that it may send ahead, counts calls for a clean stop, tells the limiter what the connection does, and
/// closes after `Connection: close` without losing the answer.
///
/// The data plane takes its place behind this handler, below the platform's router.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  struct Deadlines: Sendable {
    /// From the connection's start to the first request's head.
    var head = TimeAmount.seconds(15)
    /// From a request's head to its end.
    var body = TimeAmount.seconds(30)
    /// Between requests; above the 60 s of AWS's load balancers, so that they and not we close.
    var idle = TimeAmount.seconds(75)
    /// For a client to take the last answer before a connection is closed.
    var linger = TimeAmount.seconds(2)
  }

  /// Requests that a client may send before the first of them is answered. The connection of one that sends more is
  /// closed after the answers to these.
  static let maximumAhead = 128

  /// What came along with a connection is read by then: the event loop looks for it in its next turn.
  private static let firstLook = TimeAmount.milliseconds(5)

  /// Bytes that a head, and a field of it, take beside its text.
  private static let (costOfHead, costOfField) = (512, 96)
  /// A client's bytes come in pieces of at most this size, and some pieces wait for whoever reads a body.
  private static let largestPiece = 16 << 10

  private enum Ending {
    case notYet
    /// As the answer that is on its way says.
    case afterThisAnswer
    /// When all that was taken is answered; what comes further is thrown away.
    case afterAllAnswers
    /// The last answer is out; whatever still comes is thrown away until the client closes or the time is over.
    case lingering
  }

  private let state: ServiceState
  private let limiter: ConnectionLimiter?
  private let memory: RequestMemory?
  private let deadlines: Deadlines
  private var place: ConnectionTable.ID?
  private var activity = ConnectionTable.Activity.idle
  private var ending = Ending.notYet
  private var isReadingBody = false
  /// Whether the request that is being read is the connection's last.
  private var isLast = false
  private var deadline: Scheduled<Void>?
  /// Requests that are not answered yet, in order.
  private var unanswered: [Call] = []
  /// Answers that are complete, and not out yet.
  private var untaken = 0
  private var head: HeadMeter?

  private struct Call {
    /// Whether a clean stop waits for it.
    var counts = false
    /// The memory of its head.
    var head: RequestMemory.Share?
  }

  /// - Parameters:
  ///   - limiter: of the server whose gate the connection passed.
  ///   - memory: what the heads of all connections share.
  init(
    state: ServiceState, limiter: ConnectionLimiter? = nil, memory: RequestMemory? = nil,
    deadlines: Deadlines = Deadlines()
  ) {
    self.state = state
    self.limiter = limiter
    self.memory = memory
    self.deadlines = deadlines
  }

  func handlerAdded(context: ChannelHandlerContext) {
    state.connectionOpened()
    place = limiter?.place(of: context.channel)
    if let memory {
      let head = HeadMeter(memory)
      self.head = head
      do {
        let pipeline = context.pipeline.syncOperations
        try RequestCheck.add(to: pipeline)
        try pipeline.addHandlers([head, WriteDeadline()], position: .first)
        let pieces = AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 2048, maximum: Self.largestPiece)
        try context.channel.syncOptions?.setOption(.recvAllocator, value: pieces)
      } catch {
        context.close(promise: nil)
      }
    }
    setDeadline(deadlines.head, context) { $0.close(promise: nil) }
    noteSilence(context)
  }

  /// Tells the limiter of a client that sent nothing along with its connection.
  private func noteSilence(_ context: ChannelHandlerContext) {
    guard let limiter, let place else { return }
    let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(in: Self.firstLook) {
      if connection.value.activity == .idle { _ = limiter.note(.idle, of: place) }
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    for call in unanswered where call.counts { state.endCall() }
    unanswered = []
    state.connectionClosed()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch ending {
    case .notYet, .afterThisAnswer: break
    case .afterAllAnswers, .lingering: return
    }
    head?.reset()
    switch unwrapInboundIn(data) {
    case .head(var request):
      guard unanswered.count < Self.maximumAhead, let call = call(for: request) else {
        end(context)
        return
      }
      guard let isTaken = begin(call, context) else { return }
      request.headerFields[.turnedAway] = isTaken ? nil : "draining"
      // The decoder reads nothing behind a request to change the protocol: the next one needs another connection.
      isLast = request.headerFields[.malformed] != nil || request.headerFields[.upgrade] != nil
      context.fireChannelRead(wrapInboundOut(.head(request)))
    case .body:
      context.fireChannelRead(data)
    case .end:
      isReadingBody = false
      if isLast { ending = .afterAllAnswers }
      _ = settle(context)
      context.fireChannelRead(data)
    }
  }

  /// A body can't be followed any further, nor what comes behind it.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard error is HTTPParserError, isReadingBody else { return context.fireErrorCaught(error) }
    isReadingBody = false
    let isAnswered = untaken >= unanswered.count
    if case .notYet = ending { end(context) }
    _ = settle(context)
    // Otherwise the answer to the request says so.
    if !isAnswered { context.fireErrorCaught(error) }
  }

  /// Closes after the answers to what was taken.
  private func end(_ context: ChannelHandlerContext) {
    ending = .afterAllAnswers
    head?.stop()
    if unanswered.isEmpty { linger(context) }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    // When everything is answered, this is about the body that could not be read.
    if case .afterAllAnswers = ending, untaken >= unanswered.count { return promise?.succeed() ?? () }
    switch unwrapOutboundIn(data) {
    case .head(var response):
      if case .afterAllAnswers = ending, untaken + 1 == unanswered.count {
        response.headerFields[.connection] = "close"
      }
      if response.headerFields[.connection]?.lowercased() == "close" { ending = .afterThisAnswer }
      context.write(wrapOutboundOut(.head(response)), promise: promise)
    case .body:
      context.write(data, promise: promise)
    case .end:
      let written = promise ?? context.eventLoop.makePromise(of: Void.self)
      let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      untaken += 1
      written.futureResult.whenComplete { _ in
        let (connection, context) = loopBound.value
        connection.untaken -= 1
        connection.answered(context)
      }
      context.writeAndFlush(data, promise: written)
      settleOutput(context)
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    settleOutput(context)
    context.fireChannelWritabilityChanged()
  }

  /// A request's head is here.
  ///
  /// - Returns: whether the call counts; `nil` when the connection is being closed for another one.
  private func begin(_ call: Call, _ context: ChannelHandlerContext) -> Bool? {
    isReadingBody = true
    unanswered.append(call)
    guard settle(context) else {
      unanswered.removeLast()
      ending = .lingering
      return nil
    }
    let isTaken = state.beginCall()
    unanswered[unanswered.count - 1].counts = isTaken
    return isTaken
  }

  /// - Returns: `nil` when other requests hold all the memory that there is for heads.
  private func call(for request: HTTPRequest) -> Call? {
    guard let memory else { return Call() }
    // What a client sends ahead is not free: it can wait.
    let share = RequestMemory.Share(of: memory, free: unanswered.isEmpty ? RequestMemory.free : 0)
    let size = request.headerFields.reduce(Self.costOfHead + (request.path?.utf8.count ?? 0)) { size, field in
      size + field.name.rawName.utf8.count + field.value.utf8.count + Self.costOfField
    }
    return share.resize(to: size) ? Call(head: share) : nil
  }

  private func answered(_ context: ChannelHandlerContext) {
    guard !unanswered.isEmpty else { return }
    if unanswered.removeFirst().counts { state.endCall() }
    switch ending {
    case .afterThisAnswer: linger(context)
    case .afterAllAnswers where unanswered.isEmpty: linger(context)
    case .notYet, .afterAllAnswers: _ = settle(context)
    case .lingering: break
    }
  }

  /// Sets the deadline of what the connection does now, and tells the limiter.
  ///
  /// - Returns: `false` when the connection is being closed for another one.
  private func settle(_ context: ChannelHandlerContext) -> Bool {
    let present: ConnectionTable.Activity =
      switch unanswered.count {
      case 0: isReadingBody ? .sending : .idle
      case 1 where isReadingBody: .sending
      default: untaken > 0 || !context.channel.isWritable ? .taking : .answering
      }
    guard present != activity else { return true }
    activity = present
    switch present {
    case .idle: setDeadline(deadlines.idle, context) { $0.close(promise: nil) }
    case .sending: setDeadline(deadlines.body, context) { [self] context in refuseSlowBody(context) }
    case .answering, .taking: deadline?.cancel()
    }
    return note(present)
  }

  /// The client takes an answer, or stopped doing so.
  private func settleOutput(_ context: ChannelHandlerContext) {
    if case .lingering = ending { return }
    if context.channel.isActive, !unanswered.isEmpty { _ = settle(context) }
  }

  private func note(_ activity: ConnectionTable.Activity) -> Bool {
    guard let limiter, let place else { return true }
    return limiter.note(activity, of: place)
  }

  /// Closing with unread bytes resets the connection, and the answer may be lost on its way: so only our side closes
  /// first, and the client gets some time to read.
  private func linger(_ context: ChannelHandlerContext) {
    ending = .lingering
    head?.stop()
    _ = note(.idle)
    context.close(mode: .output, promise: nil)
    setDeadline(deadlines.linger, context) { $0.close(promise: nil) }
  }

  private func refuseSlowBody(_ context: ChannelHandlerContext) {
    // Who was answered before its body ended has its answer.
    if !unanswered.isEmpty {
      let response = HTTPResponse(status: .requestTimeout, headerFields: [.connection: "close", .contentLength: "0"])
      context.write(wrapOutboundOut(.head(response)), promise: nil)
      context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
    linger(context)
  }

  private func setDeadline(
    _ time: TimeAmount, _ context: ChannelHandlerContext, _ action: @escaping (ChannelHandlerContext) -> Void
  ) {
    deadline?.cancel()
    let loopBound = NIOLoopBound((context, action), eventLoop: context.eventLoop)
    deadline = context.eventLoop.scheduleTask(in: time) {
      let (context, action) = loopBound.value
      action(context)
    }
  }
}
