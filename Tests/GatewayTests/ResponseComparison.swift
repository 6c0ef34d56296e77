import JSON
import NIOCore
import NIOEmbedded
import NIOHTTP1

/// Compares the reader of answers with NIO's decoder (llhttp), which may take more, but not less.
struct ResponseComparison {
  /// The reader of bytes in pieces.
  let read: (_ pieces: [[UInt8]], _ toHead: Bool) -> ReadAnswer

  static var ours: ResponseComparison {
    ResponseComparison { ReadAnswer($0, toHead: $1, closes: true) }
  }

  enum Result: Equatable {
    case refused
    case agreed
    case disagreed(String)
  }

  func compare(_ pieces: [[UInt8]], toHead: Bool) -> Result {
    let own = read(pieces, toHead)
    guard own.status != nil else { return .refused }
    let theirs = Self.decode(pieces, toHead: toHead)
    if own.informational != theirs.informational { return .disagreed("1xx \(theirs.informational)") }
    guard own.status == theirs.status else { return .disagreed("status \(String(describing: theirs.status))") }
    guard own.fields == theirs.fields else { return .disagreed("fields \(theirs.fields)") }
    if own.isComplete {
      guard theirs.isComplete else { return .disagreed("the decoder does not end") }
      if own.trailers != theirs.trailers { return .disagreed("trailers \(theirs.trailers)") }
      return own.body == theirs.body ? .agreed : .disagreed("body '\(theirs.text)'")
    }
    // The reader stopped at a fault or at the end of the bytes. All that it has passed on must be right.
    return theirs.body.starts(with: own.body) ? .refused : .disagreed("beginning of the body '\(theirs.text)'")
  }

  private static func decode(_ pieces: [[UInt8]], toHead: Bool) -> ReadAnswer {
    let (channel, recorder) = (EmbeddedChannel(), PartRecorder<HTTPClientResponsePart>())
    defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
    do {
      try channel.pipeline.syncOperations.addHandlers(
        ByteToMessageHandler(
          HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .forward)), recorder)
      channel.pipeline.fireChannelActive()
      let head = HTTPRequestHead(version: .http1_1, method: toHead ? .HEAD : .GET, uri: "/")
      try channel.writeOutbound(HTTPClientRequestPart.head(head))
      try channel.writeOutbound(HTTPClientRequestPart.end(nil))
      for piece in pieces { channel.pipeline.fireChannelRead(ByteBuffer(bytes: piece)) }
      channel.pipeline.fireChannelInactive()
    } catch {
      return ReadAnswer([])
    }
    var answer = ReadAnswer([])
    for part in recorder.parts.prefix(recorder.partsBeforeError ?? recorder.parts.count) where !answer.isComplete {
      switch part {
      case .head(let head) where head.status.code < 200: answer.informational.append(Int(head.status.code))
      case .head(let head):
        answer.status = Int(head.status.code)
        // The decoder leaves spaces behind a value, which do not belong to it (RFC 9112, section 5.1).
        answer.fields = head.headers.map { "\($0.name): \($0.value.withoutOuterSpace)" }
      case .body(let bytes): answer.body += bytes.readableBytesView
      case .end(let trailers):
        answer.isComplete = answer.status != nil
        answer.trailers = trailers.map { $0.map { "\($0.name): \($0.value.withoutOuterSpace)" } } ?? []
      }
    }
    return answer
  }
}
