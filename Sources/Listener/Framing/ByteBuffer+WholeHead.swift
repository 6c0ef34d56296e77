import NIOCore

extension ByteBuffer {
  /// Whether the head of a request is here to its end. Empty lines before it belong to no request (RFC 9112, section
  /// 2.2).
  ///
  /// - Parameter count: bytes before it, which belong to the body of another request.
  func hasWholeHead(behind count: Int) -> Bool {
    let head = readableBytesView.dropFirst(count).drop { $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") }
    return head.firstRange(of: "\r\n\r\n".utf8) != nil
  }
}
