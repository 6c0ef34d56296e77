import FoundationEssentials
package import JSON
package import Model

/// The claims of a token.
package struct AccessToken: Sendable, Equatable {
  /// The name of the user.
  package let sub: String
  /// The name of the user's role.
  package let role: String
  /// The time at which the token expires, in Unix seconds.
  package let exp: Int
  /// The identifier of the token, by which it can be revoked.
  package let jti: String
  /// The permissions that administration interfaces read, by the names of `accessNames`. The server itself reads the
  /// role.
  package let accesses: [String: Bool]
}

extension AccessToken {
  /// The permissions that administration interfaces read.
  static let permissionsInToken = Permission.allCases.filter(\.isShownInTokens)

  private static let interfaceAccess = "ui_access"

  private static let accessNames = [interfaceAccess] + permissionsInToken.map(\.rawValue)

  /// The claims of a new token for a user.
  ///
  /// - Parameters:
  ///   - now: Unix seconds.
  ///   - lifetime: seconds.
  package init(requester: Requester, mayUseInterface: Bool, now: Int, lifetime: Int) {
    var accesses = Dictionary(
      uniqueKeysWithValues: Self.permissionsInToken.map { ($0.rawValue, requester.may($0)) })
    accesses[Self.interfaceAccess] = mayUseInterface || accesses.values.contains(true)
    self.init(
      sub: requester.username, role: requester.role, exp: now + lifetime, jti: UUID().uuidString.lowercased(),
      accesses: accesses)
  }
}

extension AccessToken {
  /// How far the clock of whoever issued a token may be ahead of ours, in seconds.
  private static let clockSkew = 60.0

  /// The claims as they are signed, in the order of Doorman's tokens.
  package var claims: JSONObject {
    [
      "sub": .string(sub), "role": .string(role), "exp": .integer(exp), "jti": .string(jti),
      "accesses": .object(JSONObject(Self.accessNames.compactMap { name in accesses[name].map { (name, .bool($0)) } })),
    ]
  }

  /// The claims of a token whose signature is right.
  ///
  /// - Parameter now: Unix seconds.
  /// - Returns: `nil` when one is missing or of a wrong type, or when the token is not for us, not for now or expired.
  init?(claims: JSONObject, now: Int) {
    guard let sub = claims["sub"]?.string, let role = claims["role"]?.string, let jti = claims["jti"]?.string,
      let accesses = Self.accesses(claims["accesses"]), let expiry = claims["exp"].flatMap(Self.seconds),
      Self.hasBegun(claims["nbf"], now: now), Self.hasBegun(claims["iat"], now: now),
      // A recipient that does not find itself in `aud` must refuse (RFC 7519 section 4.1.3), and our tokens have none.
      claims["aud"] == nil
    else { return nil }
    let exp = Int(expiry.rounded(.down))
    guard exp > now else { return nil }
    self.init(sub: sub, role: role, exp: exp, jti: jti, accesses: accesses)
  }

  /// Whether a time, if there is one, is not in the future.
  private static func hasBegun(_ claim: JSONValue?, now: Int) -> Bool {
    guard let claim else { return true }
    return seconds(claim).map { $0 <= Double(now) + clockSkew } ?? false
  }

  /// A `NumericDate` (RFC 7519 section 2): Unix seconds, with a fraction or without. Beyond 2^53 a number is no date
  /// that anybody meant, and no double tells it from its neighbour.
  private static func seconds(_ claim: JSONValue) -> Double? {
    guard let seconds = claim.number?.double, seconds.magnitude <= 0x1p53 else { return nil }
    return seconds
  }

  private static func accesses(_ claim: JSONValue?) -> [String: Bool]? {
    guard let claim = claim?.object, claim.members.allSatisfy({ $0.value.bool != nil }) else { return nil }
    return Dictionary(
      uniqueKeysWithValues: accessNames.compactMap { name in claim[name]?.bool.map { (name, $0) } })
  }
}
