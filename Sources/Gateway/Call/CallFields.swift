import JSON
import NIOHTTP1

/// The header fields of a call that the gateway itself reads, found in one pass.
struct CallFields {
  var authorization: [String] = []
  var cookies: [String] = []
  var forwardedFor: [String] = []
  var via: [String] = []
  var connection: [String] = []
  /// Whether a field of a proxy came.
  var isForwarded = false
  var origin: String?
  var requestID: String?
  var clientKey: String?
  var apiVersion: String?
  var host: String?
  var traceParent: String?
  var traceState: String?
  var acceptEncoding: String?
  var askedMethod: String?
  var askedFields: String?
  var expectsContinue = false
  var isChunked = false
  var contentLength: Int?
  /// Bytes of all names and values.
  var size = 0

  init(_ headers: HTTPHeaders) {
    for (name, value) in headers {
      size += name.utf8.count + value.utf8.count
      read(name, value)
    }
  }

  // Most fields of a call have a length of their own, so few names are compared.
  private mutating func read(_ name: String, _ value: String) {
    func isNamed(_ other: StaticString) -> Bool { name.isField(other) }
    switch name.utf8.count {
    case 3 where isNamed("via"): via.append(value)
    case 4 where isNamed("host"): host = value
    case 6:
      if isNamed("cookie") {
        cookies.append(value)
      } else if isNamed("origin") {
        origin = value
      } else if isNamed("expect") {
        expectsContinue = value.asciiLowercased.hasSameBytes(as: "100-continue")
      }
    case 9:
      if isNamed("x-real-ip") { isForwarded = true } else if isNamed("forwarded") { isForwarded = true }
    case 10:
      if isNamed("client-key") {
        clientKey = value
      } else if isNamed("connection") {
        connection.append(value)
      } else if isNamed("tracestate") {
        traceState = value
      }
    case 11 where isNamed("traceparent"): traceParent = value
    case 12 where isNamed("x-request-id"): requestID = value
    case 13 where isNamed("authorization"): authorization.append(value)
    case 13 where isNamed("x-api-version"): apiVersion = value
    case 14 where isNamed("content-length"): contentLength = Int(value)
    case 15 where isNamed("x-forwarded-for"):
      isForwarded = true
      forwardedFor.append(value)
    case 15 where isNamed("accept-encoding"): acceptEncoding = value
    case 16 where isNamed("cf-connecting-ip"): isForwarded = true
    case 17 where isNamed("transfer-encoding"): isChunked = true
    case 29 where isNamed("access-control-request-method"): askedMethod = value
    case 30 where isNamed("access-control-request-headers"): askedFields = value
    default: break
    }
  }
}

extension String {
  /// Whether this is the name of a header field, without regard to case.
  ///
  /// - Parameter other: in lower case.
  func isField(_ other: StaticString) -> Bool {
    guard utf8.count == other.utf8CodeUnitCount else { return false }
    let letters = utf8.span
    for index in 0..<other.utf8CodeUnitCount {
      let byte = letters[index]
      let lowered = 0x41...0x5A ~= byte ? byte | 0x20 : byte
      if lowered != other.utf8Start[index] { return false }
    }
    return true
  }
}
