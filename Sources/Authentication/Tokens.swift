import JSON

/// Issues and verifies tokens.
package final class Tokens: Sendable {
  private let signers: [UTF8Key: TokenSigner]
  private let signing: TokenSigner
  /// The cache of tokens that these keys verified.
  private let verified = VerifiedTokenCache()

  /// Prepares the keys.
  ///
  /// - Parameter keys: the first active one that can sign does; all verify. Of several with one name the first counts.
  package init(keys: [TokenKey]) async throws(AuthenticationError) {
    var signers: [UTF8Key: TokenSigner] = [:]
    var signing: TokenSigner?
    for key in keys where signers[UTF8Key(key.id)] == nil {
      let signer = try await TokenSigner(key)
      signers[UTF8Key(key.id)] = signer
      if signing == nil, key.isActive, key.canSign { signing = signer }
    }
    guard let signing else {
      throw AuthenticationError(.invalidKeys, "there is no active key to sign tokens with")
    }
    self.signers = signers
    self.signing = signing
  }

  /// Signs a token's claims.
  package func sign(_ token: AccessToken) throws(AuthenticationError) -> String {
    try signing.sign(token.claims)
  }

  /// Verifies a token. Its signature is checked once; whether it is revoked is not asked here.
  ///
  /// - Parameter now: Unix seconds.
  /// - Throws: `AuthenticationError` `invalidToken` for whatever is wrong with it; a caller learns no more.
  package func verify(_ text: String, now: Int) throws(AuthenticationError) -> AccessToken {
    if let token = verified.find(text, now: now) { return token }
    // The claims are read last: whoever has no key can't make the gateway parse them.
    guard let unverified = UnverifiedToken(text), let signer = signer(of: unverified), signer.hasSigned(unverified),
      let claims = unverified.claims(), let token = AccessToken(claims: claims, now: now)
    else { throw AuthenticationError(.invalidToken) }
    verified.insert(token, text, now: now)
    return token
  }

  /// A token that names no key is one of the key that signs now.
  private func signer(of token: UnverifiedToken) -> TokenSigner? {
    token.keyID.map { signers[$0] } ?? signing
  }
}
