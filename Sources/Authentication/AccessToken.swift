import FoundationEssentials
package import JWTKit
package import Resources

/// The claims of a token.
package struct AccessToken: JWTPayload, Equatable {
  /// The username.
  package let sub: String
  package let role: String
  /// Unix seconds.
  package let exp: Int
  /// Names the token, so that it can be revoked.
  package let jti: String
  package let accesses: [String: Bool]

  /// Expiry is checked against the service's own clock, by `Tokens`.
  package func verify(using algorithm: some JWTAlgorithm) async throws {}
}

extension AccessToken {
  /// The role's permissions that user interfaces look at.
  static let permissionsInToken: [Permission] = [
    .manageUsers, .manageAPIs, .manageEndpoints, .manageGroups, .manageRoles, .manageRoutings, .manageGateway,
    .manageSubscriptions, .manageSecurity, .exportLogs, .viewLogs,
  ]

  /// Claims for a user.
  ///
  /// - Parameters:
  ///   - now: Unix seconds.
  ///   - lifetime: seconds.
  package init(actor: Actor, mayUseInterface: Bool, now: Int, lifetime: Int) {
    var accesses = Dictionary(
      uniqueKeysWithValues: Self.permissionsInToken.map { ($0.rawValue, actor.may($0)) })
    accesses["ui_access"] = mayUseInterface || accesses.values.contains(true)
    self.init(
      sub: actor.username, role: actor.role, exp: now + lifetime, jti: UUID().uuidString.lowercased(),
      accesses: accesses)
  }
}
