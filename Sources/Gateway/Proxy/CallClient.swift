import Model
import NIOCore

/// The client's connection, as a call sees it. All is used on the event loop of the connection.
protocol CallClient: AnyObject {
  var loop: LoopState { get }
  /// The other end; `nil` when the system does not tell.
  var address: NetworkAddress? { get }
  /// Whether the client takes what is written.
  var isWritable: Bool { get }
  /// Whether the client's connection is encrypted.
  var isSecure: Bool { get }

  func buffer(capacity: Int) -> ByteBuffer
  /// Begins an answer.
  ///
  /// - Parameter saysClose: whether the connection ends after it.
  /// - Returns: whether its head has to say so.
  func beginAnswer(saysClose: Bool) -> Bool
  /// Writes a head that another one follows (1xx).
  func write(informational head: ByteBuffer)
  /// The place for the head of an answer, which is empty.
  func headBytes() -> HeadBytes
  /// Writes the head that was put there.
  func write(head: HeadBytes, _ framing: AnswerHead.Framing)
  func write(body: ByteBuffer)
  /// The answer is complete. It is sent.
  ///
  /// - Parameter trailers: behind its body, if it is chunked.
  func endAnswer(trailers: TrailerSection?)
  func flush()
  /// An answer can't be finished.
  func closeClient()
  /// The call can't take more of the request's body.
  func hold()
  func release()
  /// The call is answered without the rest of the request's body. The answer begins behind this.
  func leaveBody()
  /// The call has its whole answer, or none will come.
  func finished(_ call: ProxiedCall)
}

extension CallClient {
  /// The answer is complete, without trailers.
  func endAnswer() { endAnswer(trailers: nil) }
}
