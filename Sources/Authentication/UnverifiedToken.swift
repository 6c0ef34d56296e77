import Cryptography
import JSON

/// A token (RFC 7519 in the compact form of RFC 7515) whose signature nobody has checked: its header, read strictly.
///
/// Two readers must not see two tokens in one text. So each part has one spelling, each name comes once, and what the
/// header asks for beyond a plain signature is refused.
struct UnverifiedToken {
  let algorithm: String
  /// The key that the header names; `nil` when it names none.
  let keyID: UTF8Key?
  let signature: [UInt8]
  /// The signed bytes: header and claims as they came.
  let signedBytes: ArraySlice<UInt8>
  private let encodedClaims: ArraySlice<UInt8>

  private static let maximumLength = 16_384
  private static let parser = JSONParser(repeatedKeys: .refused)

  /// - `crit`, `b64`: extensions (RFC 7515 section 4.1.11, RFC 7797); none is understood here.
  /// - `zip`, `enc`: of encrypted tokens (RFC 7516).
  /// - `cty`: says that the content is another token, or no claims.
  private static let refusedFields = ["crit", "b64", "zip", "enc", "cty"]

  /// - Returns: `nil` when the text is no token, or one that asks for what is not understood here.
  init?(_ text: String) {
    guard text.utf8.count <= Self.maximumLength else { return nil }
    let bytes = Array(text.utf8)
    let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 3, let header = Self.object(parts[0]), let signature = Base64.url.decode(parts[2]),
      let algorithm = header["alg"]?.string, Self.isOfTokens(header["typ"]),
      Self.refusedFields.allSatisfy({ header[$0] == nil })
    else { return nil }
    switch header["kid"] {
    case nil: keyID = nil
    case .string(let id)?: keyID = UTF8Key(id)
    case _?: return nil
    }
    self.algorithm = algorithm
    self.signature = signature
    signedBytes = bytes[..<parts[1].endIndex]
    encodedClaims = parts[1]
  }

  /// The claims, to be looked at when the signature is known to be right.
  ///
  /// - Returns: `nil` when they are no JSON object, or one with a name that comes twice.
  func claims() -> JSONObject? { Self.object(encodedClaims) }

  /// Whether a header's `typ` says that this is a token, or nothing. As media types, it is compared without regard to
  /// case.
  private static func isOfTokens(_ type: JSONValue?) -> Bool {
    guard let type else { return true }
    return type.string?.asciiLowercased.hasSameBytes(as: "jwt") ?? false
  }

  private static func object(_ part: ArraySlice<UInt8>) -> JSONObject? {
    guard let json = Base64.url.decode(part) else { return nil }
    return try? parser.parseObject(json)
  }
}
