import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Platform

/// Stands in each connection between the HTTP codec and whoever answers: bounds the time that a client may take, counts
/// calls for a clean stop, and closes after `Connection: close` without losing the answer.
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

  private enum Phase {
    case betweenRequests
    case readingBody
    case answering
    /// The answer is out; whatever still comes is thrown away until the client closes or the time is over.
    case lingering
  }

  private let state: ServiceState
  private let deadlines: Deadlines
  private var phase = Phase.betweenRequests
  private var deadline: Scheduled<Void>?
  /// For each request that is not answered yet, in order: whether it counts.
  private var unanswered: [Bool] = []
  private var closesAfterAnswer = false

  init(state: ServiceState, deadlines: Deadlines = Deadlines()) {
    self.state = state
    self.deadlines = deadlines
  }

  func handlerAdded(context: ChannelHandlerContext) {
    state.connectionOpened()
    setDeadline(deadlines.head, context) { $0.close(promise: nil) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    for counts in unanswered where counts { state.endCall() }
    unanswered = []
    state.connectionClosed()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard phase != .lingering else { return }
    switch unwrapInboundIn(data) {
    case .head(var request):
      let isTaken = state.beginCall()
      request.headerFields[.turnedAway] = isTaken ? nil : "draining"
      unanswered.append(isTaken)
      phase = .readingBody
      setDeadline(deadlines.body, context) { [self] context in refuseSlowBody(context) }
      context.fireChannelRead(wrapInboundOut(.head(request)))
    case .body:
      context.fireChannelRead(data)
    case .end:
      deadline?.cancel()
      phase = .answering
      context.fireChannelRead(data)
    }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(let response):
      if response.headerFields[.connection]?.lowercased() == "close" { closesAfterAnswer = true }
      context.write(data, promise: promise)
    case .body:
      context.write(data, promise: promise)
    case .end:
      let written = promise ?? context.eventLoop.makePromise(of: Void.self)
      let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      written.futureResult.whenComplete { _ in
        let (connection, context) = loopBound.value
        connection.answered(context)
      }
      context.writeAndFlush(data, promise: written)
    }
  }

  private func answered(_ context: ChannelHandlerContext) {
    guard !unanswered.isEmpty else { return }
    if unanswered.removeFirst() { state.endCall() }
    if closesAfterAnswer {
      linger(context)
    } else if unanswered.isEmpty, phase == .answering {
      phase = .betweenRequests
      setDeadline(deadlines.idle, context) { $0.close(promise: nil) }
    }
  }

  /// Closing with unread bytes resets the connection, and the answer may be lost on its way: so only our side closes
  /// first, and the client gets some time to read.
  private func linger(_ context: ChannelHandlerContext) {
    phase = .lingering
    context.close(mode: .output, promise: nil)
    setDeadline(deadlines.linger, context) { $0.close(promise: nil) }
  }

  private func refuseSlowBody(_ context: ChannelHandlerContext) {
    let response = HTTPResponse(status: .requestTimeout, headerFields: [.connection: "close", .contentLength: "0"])
    context.write(wrapOutboundOut(.head(response)), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
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
