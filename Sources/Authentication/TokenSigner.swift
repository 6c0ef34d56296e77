import Cryptography
import JSON
import JWTKit

/// A key with the algorithm of JWTKit that signs or verifies with it.
///
/// JWTKit computes signatures and nothing else: it reads padding and foreign characters out of base64url, keeps one of
/// two claims of a name, and tells keys apart by Swift's equality of strings.
struct TokenSigner: Sendable {
  let key: TokenKey
  private let algorithm: any JWTAlgorithm

  init(_ key: TokenKey) async throws(AuthenticationError) {
    self.key = key
    do {
      // A collection with one key is the way to an algorithm that JWTKit offers.
      let collection = JWTKeyCollection()
      switch key.material {
      case .secret(let secret): await collection.add(hmac: HMACKey(from: Self.padded(secret)), digestAlgorithm: .sha256)
      case .rsa(let privateKey?, _): await collection.add(rsa: privateKey, digestAlgorithm: .sha256)
      case .rsa(nil, let publicKey?): await collection.add(rsa: publicKey, digestAlgorithm: .sha256)
      case .rsa(nil, nil): throw AuthenticationError(.invalidKeys, "the key '\(key.id)' is neither private nor public")
      }
      algorithm = try await collection.getKey()
    } catch {
      throw error as? AuthenticationError ?? AuthenticationError(.invalidKeys, "\(error)")
    }
  }

  func sign(_ claims: JSONObject) throws(AuthenticationError) -> String {
    // In the order of Doorman's tokens.
    let header: JSONObject = ["alg": .string(key.algorithm.rawValue), "kid": .string(key.id), "typ": "JWT"]
    let signed =
      Base64.url.encode(JSONWriter.bytes(.object(header))) + [UInt8(ascii: ".")]
      + Base64.url.encode(JSONWriter.bytes(.object(claims)))
    return String(
      decoding: signed + [UInt8(ascii: ".")] + Base64.url.encode(try signature(of: signed)), as: UTF8.self)
  }

  func signature(of bytes: [UInt8]) throws(AuthenticationError) -> [UInt8] {
    do {
      return try algorithm.sign(bytes)
    } catch {
      throw AuthenticationError(.signingFailed, "\(error)")
    }
  }

  /// Whether the token is signed with this key, by the key's own algorithm: nobody signs with a public key as if it
  /// were a secret.
  func hasSigned(_ token: UnverifiedToken) -> Bool {
    guard token.algorithm.hasSameBytes(as: key.algorithm.rawValue) else { return false }
    do {
      return try algorithm.verify(token.signature, signs: token.signedBytes)
    } catch {
      // A signature of a length that the key never makes.
      return false
    }
  }

  /// JWTKit asks for 32 bytes. HMAC itself fills a shorter key with zeros up to its block (RFC 2104), so tokens of a
  /// deployment with a short secret verify all the same.
  private static func padded(_ secret: String) -> [UInt8] {
    let bytes = Array(secret.utf8)
    return bytes + [UInt8](repeating: 0, count: max(0, 32 - bytes.count))
  }
}
