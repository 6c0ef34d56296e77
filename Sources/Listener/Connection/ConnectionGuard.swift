import Clocks
import JSON
import Model
import NIOCore
import NIOHTTP1

/// Bounds the time that a client may take and the requests that it may send ahead, counts calls for a clean stop,
/// tells the limiter what the connection does, and closes after `Connection: close` without losing the answer.
///
/// It stands in each connection between the HTTP codec and `RequestDispatcher`. `ConnectionState` decides.
final class ConnectionGuard: ChannelDuplexHandler {
  typealias InboundIn = ReceivedPart
  typealias InboundOut = ReceivedPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  /// Bytes that came along with a connection are read by then: the event loop looks for it in its next turn.
  private static let firstLook = TimeAmount.milliseconds(5)

  /// The handler of requests that don't come through the decoder, while it is in the channel. (A weak reference would
  /// slow down every use of the handler.)
  var direct: FrontHandler?
  /// The handler before the decoder; `nil` as long as there is no decoder.
  var scanner: BodyScanner?
  var context: ChannelHandlerContext?
  let slot: ConnectionCounters.Slot
  let heads: HeadMemory?
  let deadlines: ConnectionDeadlines
  private let place: ConnectionPlace?
  var state = ConnectionState()
  /// The activity that the limiter knows.
  private(set) var activity = ConnectionTable.Activity.idle
  var deadline: LazyDeadline?
  /// Whether the deadline that is set is the first look, and not that of the first request's head.
  private var isUnseen = false
  private var start = NIODeadline.distantPast
  /// The requests that are not answered yet, in order.
  var calls = CircularBuffer<Call>(initialCapacity: 2)
  /// Bytes that wait before the decoder.
  var held = 0
  /// Whether a read is put off.
  var isReadDue = false
  /// Whether our side is closed when all answers are out.
  var isOutputCloseDue = false
  /// Whether an answer is under way whose body ends with the connection.
  var isUnframed = false
  /// When the connection is closed at the latest; `nil` before our side is.
  private var lingerEnd: NIODeadline?

  struct Call {
    /// Whether a clean stop waits for it.
    let counts: Bool
    /// The memory of its head.
    let head: RequestMemory.Share?
    /// Whether the answer's body may end with the connection: HTTP/1.0 has no other end without a length.
    var mayBeUnframed = false
  }

  /// - Parameters:
  ///   - place: of the connection; `nil` where nothing bounds their number.
  ///   - heads: the memory of the connection's heads; `nil` where nothing bounds it.
  init(
    slot: ConnectionCounters.Slot, place: ConnectionPlace? = nil, heads: HeadMemory? = nil,
    deadlines: ConnectionDeadlines = ConnectionDeadlines()
  ) {
    self.slot = slot
    self.place = place
    self.heads = heads
    self.deadlines = deadlines
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    slot.open()
    deadline = LazyDeadline(on: context.eventLoop) { [unowned self, unowned context] in self.deadlinePassed(context) }
    start = context.eventLoop.now
    isUnseen = place != nil
    deadline?.set(in: isUnseen ? Self.firstLook : deadlines.head, now: start)
  }

  /// Tells the limiter of a client that sent nothing along with its connection.
  private func noteSilence() {
    isUnseen = false
    _ = note(.idle)
    deadline?.set(in: deadlines.head, now: start)
  }

  /// The address of the client.
  var client: NetworkAddress? { place?.client }

  func channelInactive(context: ChannelHandlerContext) {
    release()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    // A connection that was never active has no `channelInactive`.
    release()
    self.context = nil
  }

  private func release() {
    guard let deadline else { return }
    deadline.cancel()
    self.deadline = nil
    for call in calls where call.counts { slot.endCall() }
    calls.removeAll()
    slot.close()
  }

  /// Whether the connection is gone. Requests that were sent ahead can still come, and nobody would end their calls.
  var isReleased: Bool { deadline == nil }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard state.isReading, !isReleased else { return }
    heads?.reset()
    switch unwrapInboundIn(data) {
    case .head(let head, var standing):
      guard state.hasRoom, let share = share(head) else { return act(state.end(), context) }
      state.takeRequest(hasBody: head.hasBody, endingAfter: Self.ending(head, standing))
      guard settle() else { return state.giveUpRequest() }
      let isTaken = slot.beginCall()
      calls.append(Call(counts: isTaken, head: share.memory, mayBeUnframed: head.mayHaveUnframedAnswer))
      standing.isTooLate = !isTaken
      context.fireChannelRead(wrapInboundOut(.head(head, standing)))
    case .body:
      context.fireChannelRead(data)
    case .end:
      act(state.endRequest(), context)
      _ = settle()
      context.fireChannelRead(data)
    }
  }

  /// How the connection ends after a request. Behind one that is malformed nothing is read.
  private static func ending(_ head: HTTPRequestHead, _ standing: RequestStanding) -> ConnectionState.Ending? {
    standing.malformation != nil || head.isLast ? .afterAllAnswers : nil
  }

  /// A body can't be followed any further, nor what comes behind it.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard error is HTTPParserError, state.isReadingBody else { return context.fireErrorCaught(error) }
    let (isAnswerDue, step) = state.failBody()
    if !state.isReading { heads?.stop() }
    act(step, context)
    _ = settle()
    if isAnswerDue { context.fireErrorCaught(error) }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if state.dropsOutput { return promise?.succeed() ?? () }
    switch unwrapOutboundIn(data) {
    case .head(let response) where response.status.code < 200:
      // The answer itself follows.
      context.write(data, promise: promise)
    case .head(var response):
      if calls.dropFirst(state.untaken).first?.mayBeUnframed == true, response.isUnframed { beginUnframed(context) }
      let saysClose = response.headers.first(name: "Connection")?.asciiLowercased.hasSameBytes(as: "close") == true
      if beginAnswer(saysClose: saysClose) {
        response.headers.replaceOrAdd(name: "Connection", value: "close")
        context.write(wrapOutboundOut(.head(response)), promise: promise)
      } else {
        context.write(data, promise: promise)
      }
    case .body:
      context.write(data, promise: promise)
    case .end:
      let written = promise ?? context.eventLoop.makePromise(of: Void.self)
      let connection = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      let isUnframed = isUnframed
      state.writeEnd()
      written.futureResult.whenComplete { result in
        let (connection, context) = connection.value
        if isUnframed, case .success = result { connection.endUnframed(context) }
        connection.answered(context)
      }
      context.writeAndFlush(data, promise: written)
      settleOutput(context)
    }
  }

  /// An answer begins.
  ///
  /// - Returns: whether its head has to get `Connection: close`.
  func beginAnswer(saysClose: Bool) -> Bool {
    // Requests behind this one are answered, too, so the last of them says it.
    let leaves = !saysClose && slot.isLeaving && state.unanswered - state.untaken <= 1 && !isRequestWaiting
    return state.writeHead(saysClose: saysClose || leaves) || leaves
  }

  /// Whether the head of a request has come that was not taken yet, since the one before it is being answered.
  private var isRequestWaiting: Bool { direct?.isRequestWaiting == true || scanner?.isRequestWaiting == true }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    state.isWritable = context.channel.isWritable
    settleOutput(context)
    context.fireChannelWritabilityChanged()
  }

  /// - Returns: `nil` when other requests hold all the memory that there is for heads.
  private func share(_ head: HTTPRequestHead) -> (memory: RequestMemory.Share?, Void)? {
    guard let heads else { return (nil, ()) }
    // A request that is sent ahead is not free: the client can wait.
    return heads.share(of: head, isAhead: state.unanswered > 0).map { ($0, ()) }
  }

  func answered(_ context: ChannelHandlerContext) {
    if let call = calls.popFirst(), call.counts { slot.endCall() }
    let step = state.finishAnswer()
    act(step, context)
    closeOutputIfDue(context)
    _ = settle()
  }

  /// Sets the deadline of what the connection does now, and tells the limiter. The end of a connection has a deadline
  /// of its own.
  ///
  /// - Returns: `false` when the connection is being closed for another one.
  func settle() -> Bool {
    let present = state.activity
    guard !state.isLingering, present != activity else { return true }
    activity = present
    isUnseen = false
    switch present {
    case .idle: deadline?.set(in: deadlines.idle)
    case .sending: deadline?.set(in: deadlines.body)
    case .answering, .taking: deadline?.clear()
    }
    return note(present)
  }

  /// The client takes an answer, or stopped doing so.
  private func settleOutput(_ context: ChannelHandlerContext) {
    if context.channel.isActive, state.unanswered > 0 { _ = settle() }
  }

  private func note(_ activity: ConnectionTable.Activity) -> Bool {
    place?.note(activity, at: SteadyClock.microseconds()) ?? true
  }

  private func deadlinePassed(_ context: ChannelHandlerContext) {
    if isUnseen { return noteSilence() }
    guard !state.isLingering, activity == .sending else { return context.close(promise: nil) }
    // A client that was answered before its body ended has its answer.
    let isLeft = direct?.bodyIsLate() != true && !state.isAnswered
    if isLeft { context.fireUserInboundEventTriggered(BodyDeadlinePassed()) }
    if isLeft, state.ending == .notYet {
      let response = HTTPResponseHead(
        version: .http1_1, status: .requestTimeout, headers: ["Connection": "close", "Content-Length": "0"])
      context.write(wrapOutboundOut(.head(response)), promise: nil)
      context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
    act(state.giveUpBody(), context)
  }

  /// Closing with unread bytes resets the connection, and the answer may be lost on its way: so only our side closes
  /// first, and the client gets some time to read.
  func act(_ step: ConnectionState.Step, _ context: ChannelHandlerContext) {
    if !state.isReading { heads?.stop() }
    guard step == .linger else { return }
    _ = note(.idle)
    context.close(mode: .output, promise: nil)
    isUnseen = false
    let now = context.eventLoop.now
    lingerEnd = now + deadlines.longestLinger
    extendLinger(now)
    readIfDue(context)
  }

  /// The time to read the last answer begins anew, since a client that still sends may read only behind that.
  func extendLinger(_ now: NIODeadline) {
    guard let lingerEnd else { return }
    deadline?.set(in: min(deadlines.linger, lingerEnd - now), now: now)
  }
}
