import Listener
import Model
import NIOCore

/// The calls of one connection that come and go as bytes, without NIO's decoder and encoder.
final class DirectCalls: CallClient {
  let loop: LoopState
  let address: NetworkAddress?
  let isSecure: Bool
  /// It lets go of this service when it ends.
  private let connection: any DirectConnection
  private var recognized: RequestHead?
  private var call: ProxiedCall?
  private var framing = AnswerHead.Framing.plain
  private let allocator: ByteBufferAllocator
  /// The beginning of the answer while it is not handed to the connection: a head and a short body go in one piece.
  private var pending: HeadBytes?

  /// A part of a body of more bytes is handed on without a copy.
  private static let shortBody = 4096
  private static let mostPending = 16 << 10

  init(_ loop: LoopState, _ connection: any DirectConnection, isSecure: Bool) {
    self.loop = loop
    self.connection = connection
    self.isSecure = isSecure
    allocator = connection.channel.allocator
    address = connection.client
  }

  deinit { loop.endAnswer(of: self) }

  var isWritable: Bool { connection.channel.isWritable }

  func buffer(capacity: Int) -> ByteBuffer { allocator.buffer(capacity: capacity) }

  func beginAnswer(saysClose: Bool) -> Bool { connection.beginAnswer(saysClose: saysClose) }

  func write(informational head: ByteBuffer) { connection.write(head) }

  func headBytes() -> HeadBytes { loop.beginAnswer(of: self) }

  func write(head: HeadBytes, _ framing: AnswerHead.Framing) {
    // No body ends with the connection here: that is for HTTP/1.0, whose requests go through the decoder.
    self.framing = framing
    pending = head
  }

  func write(body: ByteBuffer) {
    guard body.readableBytes > 0 else { return }
    guard framing == .chunked else { return append(body) }
    append(Chunk.size(body.readableBytes))
    append(body)
    append(Chunk.end)
  }

  private func append(_ bytes: ByteBuffer) {
    if let pending, bytes.readableBytes <= Self.shortBody, pending.count < Self.mostPending {
      bytes.withUnsafeReadableBytes { pending.writeBytes($0) }
    } else {
      giveUpPlace()
      connection.write(bytes)
    }
  }

  /// Sends the beginning of the answer.
  private func handOver() {
    guard let pending else { return }
    self.pending = nil
    pending.withBytes { connection.send($0) }
    loop.endAnswer(of: self)
  }

  /// Writes the beginning of the answer. More is written behind it, or the place is needed for another answer.
  func giveUpPlace() {
    guard let pending else { return }
    self.pending = nil
    connection.write(pending.buffer(allocator))
    loop.endAnswer(of: self)
  }

  func endAnswer(trailers: TrailerSection?) {
    if framing == .chunked { append(Chunk.last(trailers)) }
    framing = .plain
    handOver()
    connection.endAnswer()
  }

  func flush() {
    handOver()
    connection.flush()
  }

  func closeClient() {
    // The part that came tells the client that the rest is missing. Without it there would seem to be no answer.
    flush()
    connection.close()
  }

  func hold() { connection.pauseReading() }

  func release() { connection.resumeReading() }

  /// A body has a length here, and the call knows how much of it is left.
  func leaveBody() {}

  func finished(_ call: ProxiedCall) {
    if self.call === call { self.call = nil }
    connection.resumeReading()
  }
}

extension DirectCalls: DirectService {
  func recognize(_ bytes: ByteBuffer) -> DirectRequest? {
    guard bytes.withUnsafeReadableBytes(RequestHeadParser.isOfDataPlane), loop.gateway.isServing(),
      let head = RequestHeadParser.parse(bytes)
    else { return nil }
    recognized = head
    return DirectRequest(
      headLength: head.bytes.readableBytes, bodyLength: head.contentLength ?? 0, closes: head.asksToClose)
  }

  func begin(_ body: ByteBuffer?) {
    guard let head = recognized else { return }
    recognized = nil
    let call = ProxiedCall(head, self)
    self.call = call
    call.start(body)
  }

  func receive(body: ByteBuffer) { call?.receive(body: body) }

  func receiveEnd() { call?.receiveEnd() }

  func flushRequest() { call?.flushRequest() }

  func inputClosed() { call?.inputClosed() }

  func bodyBrokeOff() { call?.failBody(.badBody) }

  func bodyIsLate() { call?.failBody(.lateBody) }

  func writabilityChanged(_ isWritable: Bool) { call?.clientWritabilityChanged(isWritable) }

  func cancel() {
    call?.cancel()
    call = nil
  }
}
