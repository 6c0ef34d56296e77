package import DocumentStore
package import JSON

/// The account with which the sidecar asks for dumps: a user of its own, whose role may do that and nothing else.
package struct SidecarAccount: Sendable {
  /// The role; `manage_security` is all that a dump needs.
  package static let role = "sidecar"

  package let username: String

  /// An address that nobody else has: the name is unique, and the domain is that of this machine.
  package var email: String { "\(username)@sidecar.localhost" }

  package init(username: String) {
    self.username = username
  }

  /// Whether the name is another user's: then the account is not made, for it would take that one over.
  package func isTaken(in reader: some DocumentReader) -> Bool {
    user(in: reader).map { $0.string("role")?.hasSameBytes(as: Self.role) != true } ?? false
  }

  /// The stored hash; `nil` where there is no such account.
  package func password(in reader: some DocumentReader) -> JSONValue? {
    user(in: reader)?.value("password")
  }

  /// Whether user and role are as they should be, the password aside.
  package func isComplete(in reader: some DocumentReader) -> Bool {
    guard let user = user(in: reader), let role = Roles.find(Self.role, in: reader) else { return false }
    return user.value("active") == true && role.value("manage_security") == true
      && !Revocations.isRevoked(username: username, in: reader)
  }

  /// Makes what is missing and sets the password; the rest stays as it is.
  ///
  /// - Parameter password: the new hash, or `nil` to keep the present one; a new account has none then.
  package func complete(_ transaction: inout Transaction, password: JSONValue?) throws(Refusal) {
    if Roles.find(Self.role, in: transaction) == nil {
      try transaction.inserting(
        [
          "role_name": .string(Self.role), "role_description": "Asks for dumps and nothing else",
          "manage_security": true,
        ], into: Collections.roles)
    } else {
      try transaction.setting(
        ["manage_security": true], in: Collections.roles, .fields(["role_name": Self.role]))
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
