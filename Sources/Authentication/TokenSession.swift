package import Model

/// The session that a token stands for: a token that counts, and its user as the model has it.
package struct TokenSession: Sendable {
  /// The user who was given the token.
  package let requester: Requester
  /// The claims of the token.
  package let token: AccessToken
}

extension Tokens {
  /// The session that a token stands for.
  ///
  /// - Parameters:
  ///   - model: the state that decides whether the token is revoked, and what its user may do.
  ///   - now: Unix seconds.
  /// - Returns: `nil` for a token that is not valid, expired or revoked, and for a user that is not there or not
  ///   active.
  package func session(of text: String, in model: ModelVersion, now: Int) -> TokenSession? {
    guard let token = try? verify(text, now: now),
      !model.revocations.isRevoked(username: token.sub, tokenID: token.jti),
      let requester = Requester(username: token.sub, in: model)
    else { return nil }
    return TokenSession(requester: requester, token: token)
  }
}
