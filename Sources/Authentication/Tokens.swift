import FoundationEssentials
import JSON
import JWTKit

/// Issues and verifies tokens.
package struct Tokens: Sendable {
  private let keys: [String: TokenKey]
  private let signing: TokenKey
  private let collection: JWTKeyCollection

  /// - Parameter keys: the first active one that can sign does; all verify.
  package init(keys: [TokenKey]) async throws(AuthenticationError) {
    guard let signing = keys.first(where: { $0.isActive && $0.canSign }) else {
      throw AuthenticationError(.invalidKeys, "there is no active key to sign tokens with")
    }
    self.signing = signing
    self.keys = Dictionary(keys.map { ($0.id, $0) }) { first, _ in first }
    collection = JWTKeyCollection()
    for key in keys {
      let kid = JWKIdentifier(string: key.id)
      switch key.material {
      case .secret(let secret):
        await collection.add(hmac: HMACKey(from: Self.padded(secret)), digestAlgorithm: .sha256, kid: kid)
      case .rsa(let privateKey?, _):
        await collection.add(rsa: privateKey, digestAlgorithm: .sha256, kid: kid)
      case .rsa(nil, let publicKey?):
        await collection.add(rsa: publicKey, digestAlgorithm: .sha256, kid: kid)
      case .rsa(nil, nil):
        continue
      }
    }
  }

  package func sign(_ token: AccessToken) async throws(AuthenticationError) -> String {
    do {
      return try await collection.sign(token, kid: JWKIdentifier(string: signing.id))
    } catch {
      throw AuthenticationError(.signingFailed, "\(error)")
    }
  }

  /// - Parameter now: Unix seconds.
  /// - Throws: `AuthenticationError` `invalidToken` for whatever is wrong with it; a caller learns no more.
  package func verify(_ text: String, now: Int) async throws(AuthenticationError) -> AccessToken {
    guard text.utf8.count <= Self.maximumLength, let header = Self.header(of: text) else {
      throw AuthenticationError(.invalidToken)
    }
    // A token's algorithm must be its key's: nobody signs with a public key as if it were a secret.
    let key = header["kid"]?.string.map { keys[$0] } ?? signing
    guard let key, header["alg"]?.string == key.algorithm.rawValue else { throw AuthenticationError(.invalidToken) }
    do {
      let token: AccessToken = try await collection.verify(text)
      guard token.exp > now else { throw AuthenticationError(.invalidToken) }
      return token
    } catch {
      throw AuthenticationError(.invalidToken)
    }
  }

  /// JWTKit asks for 32 bytes. HMAC itself fills a shorter key with zeros up to its block (RFC 2104), so tokens of a
  /// deployment with a short secret verify all the same.
  private static func padded(_ secret: String) -> [UInt8] {
    let bytes = Array(secret.utf8)
    return bytes + [UInt8](repeating: 0, count: max(0, 32 - bytes.count))
  }

  private static let maximumLength = 16_384

  private static func header(of token: String) -> JSONObject? {
    let part = token.prefix { $0 != "." }
    var base64 = String(part.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
    base64 += String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
    guard let data = Data(base64Encoded: base64) else { return nil }
    return try? JSONParser().parseObject(data)
  }
}
