package import Model
package import NIOCore

/// A request that a direct service takes from the connection's bytes.
package struct DirectRequest: Sendable {
  /// Bytes from the request line to the empty line.
  package let headLength: Int
  /// Bytes of the body.
  package let bodyLength: Int
  /// Whether the client asks to close the connection after the answer.
  package let closes: Bool

  /// A request of these lengths.
  package init(headLength: Int, bodyLength: Int, closes: Bool) {
    self.headLength = headLength
    self.bodyLength = bodyLength
    self.closes = closes
  }
}

/// Serves requests of one connection from their bytes, without the decoder and the handlers behind it. It takes only
/// requests that every reader of HTTP/1.1 understands in one way. All functions are called on the event loop.
package protocol DirectService: AnyObject {
  /// Looks at the bytes at the beginning of a request. Nothing begins yet.
  ///
  /// - Returns: `nil` for a request that goes to the decoder.
  func recognize(_ bytes: ByteBuffer) -> DirectRequest?
  /// The request that was recognized last begins.
  ///
  /// - Parameter body: all of its body, or `nil` when it has none or its parts follow.
  func begin(_ body: ByteBuffer?)
  /// A part of the request's body came.
  func receive(body: ByteBuffer)
  /// The request is complete.
  func receiveEnd()
  /// Nothing more of the request waits in the connection.
  func flushRequest()
  /// The client sends nothing more. The request is complete, and not answered.
  func inputClosed()
  /// The client sends nothing more, and the request is not complete.
  func bodyBrokeOff()
  /// The client took too long over the request's body.
  func bodyIsLate()
  /// The client takes what is written, or does not.
  func writabilityChanged(_ isWritable: Bool)
  /// The client is gone.
  func cancel()
}

/// The connection of a direct service.
package protocol DirectConnection: AnyObject {
  /// The connection itself.
  var channel: any Channel { get }
  /// The address of the other end.
  var client: NetworkAddress? { get }
  /// Begins an answer.
  ///
  /// - Parameter saysClose: whether its head has `Connection: close`.
  /// - Returns: whether its head has to have it.
  func beginAnswer(saysClose: Bool) -> Bool
  /// Writes bytes of an answer, framing included.
  func write(_ bytes: ByteBuffer)
  /// Sends bytes of an answer, framing included, behind what is written.
  func send(_ bytes: UnsafeRawBufferPointer)
  /// Sends what is written.
  func flush()
  /// The answer is written to its end.
  func endAnswer()
  /// Nothing more of the request is read until `resumeReading`.
  func pauseReading()
  /// The request is read again.
  func resumeReading()
  /// Closes the connection at once: an answer can't be finished.
  func close()
}
