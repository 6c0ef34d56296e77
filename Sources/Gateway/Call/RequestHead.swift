import JSON
import NIOCore

/// The head of a call as it came: its bytes, and where everything stands in them.
///
/// Nothing of it is copied or made a string unless somebody needs it.
final class RequestHead {
  enum Method: UInt8 {
    case get, head, post, put, patch, delete, options
    /// A method that the gateway does not forward.
    case other

    /// Whether it may be sent twice without harm (RFC 9110, section 9.2.2).
    var isIdempotent: Bool {
      switch self {
      case .get, .head, .put, .delete, .options: true
      case .post, .patch, .other: false
      }
    }

    /// The name of the endpoint's method that serves it, in upper case.
    var nameOfEndpoint: String {
      switch self {
      case .get, .head: "GET"
      case .post: "POST"
      case .put: "PUT"
      case .patch: "PATCH"
      case .delete: "DELETE"
      case .options: "OPTIONS"
      case .other: ""
      }
    }
  }

  /// A header field that the gateway itself reads.
  enum Kind: UInt8 {
    case other, authorization, cookie, via, host, origin, expect, forwarded, clientKey, connection, traceState,
      traceParent, requestID, apiVersion, contentLength, forwardedFor, acceptEncoding, transferEncoding, askedMethod,
      askedFields, upgrade, forwardedProtocol, forwardedHost
  }

  struct Field {
    let kind: Kind
    let nameStart: UInt16
    let nameEnd: UInt16
    let valueStart: UInt16
    let valueEnd: UInt16

    var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }
    var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
  }

  /// From the request line to the empty line.
  let bytes: ByteBuffer
  let method: Method
  let methodName: Range<Int>
  let target: Range<Int>
  /// The minor version of HTTP/1.
  let minorVersion: Int
  let fields: [Field]
  /// `nil` when there is none.
  let contentLength: Int?
  let isChunked: Bool
  /// The kinds of the fields, as bits.
  let kinds: UInt32

  init(
    bytes: ByteBuffer, method: Method, methodName: Range<Int>, target: Range<Int>, minorVersion: Int, fields: [Field],
    contentLength: Int?, isChunked: Bool, kinds: UInt32
  ) {
    self.bytes = bytes
    self.method = method
    self.methodName = methodName
    self.target = target
    self.minorVersion = minorVersion
    self.fields = fields
    self.contentLength = contentLength
    self.isChunked = isChunked
    self.kinds = kinds
  }

  func has(_ kind: Kind) -> Bool { kinds & 1 << UInt32(kind.rawValue) != 0 }

  /// Whether there are several fields of a kind.
  func isRepeated(_ kind: Kind) -> Bool {
    guard has(kind) else { return false }
    var isThere = false
    for field in fields where field.kind == kind {
      if isThere { return true }
      isThere = true
    }
    return false
  }

  /// The value of the first field of a kind.
  func value(_ kind: Kind) -> String? {
    guard has(kind) else { return nil }
    return fields.first { $0.kind == kind }.map { text($0.value) }
  }

  /// The values of all fields of a kind.
  func values(_ kind: Kind) -> [String] {
    guard has(kind) else { return [] }
    var values: [String] = []
    for field in fields where field.kind == kind { values.append(text(field.value)) }
    return values
  }

  func text(_ range: Range<Int>) -> String {
    bytes.withUnsafeReadableBytes { String(decoding: UnsafeRawBufferPointer(rebasing: $0[range]), as: UTF8.self) }
  }

  var targetText: String { text(target) }

  /// The path without its query, cut where it is very long.
  var pathForLog: String {
    bytes.withUnsafeReadableBytes { bytes in
      let path = bytes[target].prefix { $0 != UInt8(ascii: "?") }
      let text = String(decoding: UnsafeRawBufferPointer(rebasing: path.prefix(512)), as: UTF8.self)
      return path.count > 512 ? text + "…" : text
    }
  }

  /// Bytes of all names and values.
  var size: Int { fields.reduce(0) { $0 + $1.name.count + $1.value.count } }

  /// Whether the client closes the connection after the answer.
  var asksToClose: Bool {
    has(.connection) && fields.contains { $0.kind == .connection && text($0.value).isField("close") }
  }

  /// Whether the client waits for `100 Continue` before it sends the body.
  var expectsContinue: Bool {
    guard has(.expect), minorVersion == 1 else { return false }
    return values(.expect).contains { line in
      line.parts(betweenBytes: UInt8(ascii: ",")).contains { $0.withoutOuterSpace.isField("100-continue") }
    }
  }
}
