import FoundationEssentials
import HTTPAPI
import HTTPTypes

/// The value of `X-Request-ID` and `request_id`.
enum RequestIdentifier {
  private static let maximumLength = 128

  /// The caller's own where it is sane (so that it can stand in a log line), else a new UUID.
  static func of(_ headers: HTTPFields) -> String {
    guard let text = headers[.requestID], (1...maximumLength).contains(text.utf8.count),
      text.utf8.allSatisfy(isSane)
    else { return UUID().uuidString.lowercased() }
    return text
  }

  private static func isSane(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
      UInt8(ascii: ":"):
      true
    default: false
    }
  }
}
