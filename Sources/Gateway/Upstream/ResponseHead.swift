import NIOCore

/// The head of a server's answer, as it came.
struct ResponseHead {
  struct Field {
    /// Offsets in `bytes`.
    let name: Range<Int>
    let value: Range<Int>
  }

  let status: Int
  /// The minor version of HTTP/1.
  let minorVersion: Int
  /// The whole head, from the status line to the empty line.
  let bytes: ByteBuffer
  let fields: [Field]
  /// How the end of the body is found.
  let framing: Framing
  /// Whether the connection can't be used again.
  let closes: Bool
  /// The value of `Content-Length`, which an answer without a body may have, too.
  let contentLength: Int?
  /// The names that `Connection` lists, in lower case: they belong to this connection only. Fields that frame the body
  /// are never among them.
  let connectionNames: [String]

  enum Framing: Equatable {
    case none
    case counted(Int)
    case chunked
    /// The body ends with the connection.
    case untilClose
  }

  func text(_ range: Range<Int>) -> String {
    bytes.getString(at: bytes.readerIndex + range.lowerBound, length: range.count) ?? ""
  }
}

/// A server's answer is no HTTP/1.1, or larger than the gateway takes.
struct ResponseFault: Error, Equatable {
  let reason: String

  init(_ reason: String) {
    self.reason = reason
  }
}
