import NIOCore
import NIOHTTP1
import Testing

@testable import Gateway

/// Heads of requests for tests.
enum Heads {
  /// Reads a head as a connection does: only where the path is one of the data plane.
  static func direct(_ bytes: ByteBuffer) -> RequestHead? {
    guard bytes.withUnsafeReadableBytes(RequestHeadParser.isOfDataPlane) else { return nil }
    return RequestHeadParser.parse(bytes)
  }

  static func direct(_ text: String) -> RequestHead? { direct(ByteBuffer(string: text)) }

  /// A head that came through the decoder.
  static func decoded(
    _ method: String, _ target: String, _ fields: [(String, String)] = [], version: HTTPVersion = .http1_1
  ) throws -> RequestHead {
    try #require(
      RequestHead(
        HTTPRequestHead(version: version, method: .init(rawValue: method), uri: target, headers: HTTPHeaders(fields))))
  }
}
