package import DocumentStore
package import JSON
import Model

/// The account with which the sidecar requests dumps. Its role has the one permission that this needs, which also
/// allows restores and changes of the security settings.
package struct SidecarAccount: Sendable {
  /// The name of the role. A dump needs no permission but `manage_security`.
  package static let role = "sidecar"

  /// The name of the user.
  package let username: String

  /// An e-mail address that nobody else has: the name is unique, and the domain is that of this host.
  package var email: String { "\(username)@sidecar.localhost" }

  /// The account of a name.
  package init(username: String) {
    self.username = username
  }

  /// Whether another user has the name. The account can't be created then, since it would take that user over.
  package func isTaken(in reader: some DocumentReader) -> Bool {
    guard let user = user(in: reader) else { return false }
    return user.string("role")?.hasSameBytes(as: Self.role) != true
  }

  /// The stored hash, or `nil` when there is no such account.
  package func password(in reader: some DocumentReader) -> JSONValue? {
    user(in: reader)?.value("password")
  }

  /// Whether the account can be used, apart from its password.
  package func isUsable(in reader: some DocumentReader) -> Bool {
    guard let user = user(in: reader), let role = Roles.find(Self.role, in: reader) else { return false }
    return user.value("active") == true && role.value(FieldPath(field: Permission.manageSecurity.rawValue)) == true
      && !RevocationTable.isRevoked(username: username, in: reader)
  }

  /// Creates the role and the user, or makes them usable again, and sets the password. It leaves everything else as it
  /// is.
  ///
  /// - Parameter password: the new hash, or `nil` to keep the present one. A new user has no password then.
  package func createOrRepair(in transaction: inout Transaction, password: JSONValue?) throws(RuleViolation) {
    let permission = JSONObject([(Permission.manageSecurity.rawValue, .bool(true))])
    if Roles.find(Self.role, in: transaction) == nil {
      let role: JSONObject = [
        "role_name": .string(Self.role),
        "role_description": "Requests dumps; may also restore them and change security settings",
      ]
      try transaction.inserting(role.merging(permission), into: Collections.roles)
    } else {
      try transaction.setting(permission, in: Collections.roles, .fields(["role_name": Self.role]))
    }
    guard user(in: transaction) == nil else {
      var changes: JSONObject = ["active": true]
      changes["password"] = password
      try transaction.setting(changes, in: Collections.users, .fields(["username": username]))
      Revocations.unrevokeAll(of: username, in: &transaction)
      return
    }
    try transaction.inserting(
      [
        "username": .string(username), "email": .string(email),
        "password": password ?? .null,
        "role": .string(Self.role), "groups": [], "active": true, "ui_access": false, "custom_attributes": [:],
      ], into: Collections.users)
  }

  private func user(in reader: some DocumentReader) -> Document? { Users.find(username, in: reader) }
}
