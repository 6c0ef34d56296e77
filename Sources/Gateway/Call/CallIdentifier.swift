import HTTPAPI

/// The identifier of a call, in answers, requests to servers and the log. A new one is a string only where it is asked
/// for as one.
enum CallIdentifier: Equatable {
  /// The client's own.
  case given(String)
  /// The halves of a UUID.
  case new(UInt64, UInt64)

  /// - Parameters:
  ///   - field: the value of `X-Request-ID`, if there is one.
  ///   - generator: of a new identifier, which need not be a secret.
  init(_ field: String?, using generator: inout some RandomNumberGenerator) {
    if let field, RequestIdentifier.isUsable(field) {
      self = .given(field)
    } else {
      let (high, low) = RequestIdentifier.random(using: &generator)
      self = .new(high, low)
    }
  }

  var text: String {
    switch self {
    case .given(let text): text
    case .new(let high, let low): RequestIdentifier.text(high, low)
    }
  }

  func write(to buffer: HeadBytes) {
    switch self {
    case .given(let text): buffer.writeString(text)
    case .new(let high, let low): buffer.writeUUID(high, low)
    }
  }
}
