import NIOCore

/// The event by which the reader of a request's body tells the connection how it goes on.
package enum BodyReading: Sendable {
  /// More of it came, or is read again.
  case goesOn
  /// Nothing is read for now, since what came waits for a server.
  case rests
  /// The gateway answers in the place of a server, or of the platform's handler, before it has read all of it. The
  /// answer's head follows.
  case ends
}

/// The time of a client to send a body. It is late only while it may send. For the rest of a body that was answered
/// before its end, the time does not begin anew.
extension ConnectionGuard {
  func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
    guard let reading = event as? BodyReading else {
      return context.triggerUserOutboundEvent(event, promise: promise)
    }
    switch reading {
    case .goesOn: extendBody()
    case .rests: restBody()
    case .ends: leaveBody()
    }
    promise?.succeed()
  }

  /// The client's time begins anew.
  func extendBody() {
    if isBodyTimed { deadline?.set(in: deadlines.body) }
  }

  /// The client can't send more.
  func restBody() {
    if isBodyTimed { deadline?.clear() }
  }

  /// The answer that follows is an early one. Nobody knows how much of a chunked body is still to come, so the answer
  /// says that the connection ends: many clients stop then.
  private func leaveBody() {
    if state.isReadingBody, scanner?.awaitsChunks == true { state.leaveBody() }
  }

  private var isBodyTimed: Bool { activity == .sending && !state.isBodyUnused && !state.isLingering }
}
