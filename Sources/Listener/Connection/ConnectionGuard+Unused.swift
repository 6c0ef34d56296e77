import NIOCore

/// Bytes that nobody takes: the rest of a body that was answered before its end, and what comes behind a last request.
/// They are read, since the client may read its answer only behind them, but up to a bound. Behind that nothing is
/// read. Our side is closed when the answers are out, and the connection when the client has had time to read them. It
/// has more time while it sends.
extension ConnectionGuard {
  func read(context: ChannelHandlerContext) {
    if state.mayRead { context.read() } else { isReadDue = true }
  }

  /// The handlers before the decoder tell of what comes from now on. They have their places by then.
  func follow(_ scanner: BodyScanner) {
    self.scanner = scanner
    scanner.connection = self
    heads?.meter.connection = self
  }

  /// Whether requests and their bodies are still taken.
  var isReading: Bool { state.isReading }

  /// Bytes of a body came.
  func receiveBody(_ count: Int) {
    if state.isBodyUnused || state.isLingering { discard(count) }
  }

  /// Bytes came that nobody takes.
  func discard(_ count: Int) {
    guard let context else { return }
    act(state.discard(count), context)
    if state.isLingering, state.mayRead { extendLinger(context.eventLoop.now) }
  }

  /// Reads on where that was put off.
  func readIfDue(_ context: ChannelHandlerContext) {
    guard isReadDue, state.mayRead else { return }
    isReadDue = false
    context.read()
  }
}
