import Glibc
import NIOCore
import NIOHTTP1

/// Ends of a connection that must not take an answer with them, or make a part of one look whole.
extension ConnectionGuard {
  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    switch mode {
    case .output where state.untaken > 0:
      // Behind a client that sends nothing more, the channel closes at once, with all that it holds.
      isOutputCloseDue = true
      promise?.succeed()
    case .all where isUnframed: context.closeAtOnce(promise: promise)
    default: context.close(mode: mode, promise: promise)
    }
  }

  /// All answers that were written are out.
  func closeOutputIfDue(_ context: ChannelHandlerContext) {
    guard isOutputCloseDue, state.untaken == 0 else { return }
    isOutputCloseDue = false
    if !state.isLingering { context.close(mode: .output, promise: nil) }
  }

  /// An answer begins whose body ends with the connection. Until all of it is out, every end of the connection is a
  /// reset, also that of the process: nothing else tells the client that a part is missing.
  func beginUnframed(_ context: ChannelHandlerContext) {
    isUnframed = true
    Self.setLinger(linger(l_onoff: 1, l_linger: 0), context.channel)
  }

  /// The answer is out, and the connection ends in the usual way.
  func endUnframed(_ context: ChannelHandlerContext) {
    isUnframed = false
    Self.setLinger(linger(l_onoff: 0, l_linger: 0), context.channel)
  }

  private static func setLinger(_ time: linger, _ channel: any Channel) {
    // Where it can't be set, the connection is gone, or it has no socket.
    _ = (channel as? any SocketOptionProvider)?.setSoLinger(time)
  }
}

extension HTTPRequestHead {
  /// Whether the answer's body, without a length, ends with the connection. HTTP/1.1 has chunks for that.
  var mayHaveUnframedAnswer: Bool { version.minor == 0 && method != .HEAD }
}

extension HTTPResponseHead {
  /// Whether the body, if there is one, ends with the connection (RFC 9112, section 6.3).
  var isUnframed: Bool {
    status != .noContent && status != .notModified && !headers.contains(name: "Content-Length")
      && !headers.contains(name: "Transfer-Encoding")
  }
}
