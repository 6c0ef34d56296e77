import JSON
import NIOCore
import NIOEmbedded
import NIOHTTP1

@testable import Gateway

/// Compares the reader of simple heads with NIO's decoder (llhttp), which may take more, but not less.
struct RequestComparison {
  /// The reader: a head, and the number of its bytes.
  let read: (ByteBuffer) -> (head: RequestHead, length: Int)?

  static var ours: RequestComparison {
    RequestComparison { bytes in Heads.direct(bytes).map { ($0, $0.bytes.readableBytes) } }
  }

  enum Result: Equatable {
    case leftToDecoder
    case agreed
    case disagreed(String)
  }

  func compare(_ message: [UInt8]) -> Result {
    guard let (head, length) = read(ByteBuffer(bytes: message)) else { return .leftToDecoder }
    let decoded = Self.decode(Array(message.prefix(length)), body: min(head.contentLength ?? 0, 2000))
    guard let theirs = decoded.head else { return .disagreed("the decoder refuses it") }
    if let fault = Self.difference(head, theirs) { return .disagreed(fault) }
    let isShort = (head.contentLength ?? 0) <= 2000
    guard !isShort || decoded.bodyLength == head.contentLength ?? 0, decoded.isComplete == isShort else {
      return .disagreed("the body of the decoder has \(decoded.bodyLength) bytes")
    }
    return .agreed
  }

  private static func difference(_ head: RequestHead, _ theirs: HTTPRequestHead) -> String? {
    if head.text(head.methodName) != theirs.method.rawValue { return "method \(theirs.method.rawValue)" }
    if head.targetText != theirs.uri { return "target \(theirs.uri)" }
    if theirs.version != .http1_1 { return "version \(theirs.version)" }
    let own = head.fields.map { "\(head.text($0.name)): \(head.text($0.value))" }
    // The decoder leaves spaces behind a value, which do not belong to it (RFC 9112, section 5.1).
    let others = theirs.headers.map { "\($0.name): \($0.value.withoutOuterSpace)" }
    if own != others { return "fields \(others)" }
    let length = theirs.headers.first(name: "Content-Length")?.withoutOuterSpace
    if head.contentLength != length.flatMap({ Int($0) }) { return "length" }
    return head.isChunked == theirs.headers.contains(name: "Transfer-Encoding") ? nil : "framing"
  }

  private static func decode(_ head: [UInt8], body: Int) -> (head: HTTPRequestHead?, bodyLength: Int, isComplete: Bool)
  {
    let (channel, recorder) = (EmbeddedChannel(), PartRecorder<HTTPServerRequestPart>())
    defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
    do {
      try channel.pipeline.syncOperations.addHandlers(
        ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)), recorder)
      channel.pipeline.fireChannelActive()
      channel.pipeline.fireChannelRead(ByteBuffer(bytes: head))
      // The first byte that is too many would begin another request.
      if body > 0 { channel.pipeline.fireChannelRead(ByteBuffer(repeating: UInt8(ascii: "b"), count: body)) }
    } catch {
      return (nil, 0, false)
    }
    var result: (head: HTTPRequestHead?, bodyLength: Int, isComplete: Bool) = (nil, 0, false)
    for part in recorder.parts {
      switch part {
      case .head(let head): result.head = head
      case .body(let bytes): result.bodyLength += bytes.readableBytes
      case .end: result.isComplete = true
      }
    }
    return recorder.partsBeforeError == nil ? result : (nil, 0, false)
  }
}
