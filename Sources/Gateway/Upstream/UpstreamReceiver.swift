import NIOCore

/// The events of a call's connection to a server. All come on the event loop of both.
protocol UpstreamReceiver: AnyObject {
  func upstreamSent(informational head: ResponseHead)
  func upstreamSent(head: ResponseHead)
  func upstreamSent(body: ByteBuffer)
  /// The fields behind a chunked body.
  func upstreamSent(trailers: TrailerSection)
  /// The answer is complete.
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
  /// The client kept the connection waiting for too long while other calls needed one.
  case displaced
  /// The connection ended before anything of an answer came.
  case closedBeforeAnswer
  /// The connection ended, or what came was no valid answer.
  case broken
  /// The server took too long to answer.
  case readTimeout
  /// The server took too long to take the request.
  case writeTimeout
}
