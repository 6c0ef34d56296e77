import NIOCore

/// The framing of chunked bodies (RFC 9112, section 7.1).
enum Chunk {
  /// The line before a chunk.
  static func size(_ count: Int) -> ByteBuffer { ByteBuffer(string: String(count, radix: 16) + "\r\n") }
  /// The end of a chunk.
  static let end = ByteBuffer(string: "\r\n")
  /// The end of a body.
  static let last = ByteBuffer(string: "0\r\n\r\n")
}
