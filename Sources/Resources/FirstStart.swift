package import DocumentStore
package import JSON

/// What every store has: the admin with its role and groups, and the security settings.
package struct FirstStart: Sendable {
  private let email: String
  private let settings: SecuritySettings.Defaults

  /// - Parameter email: the admin's e-mail address.
  package init(email: String, settings: SecuritySettings.Defaults) {
    self.email = email
    self.settings = settings
  }

  /// Makes what is missing and sets the admin's e-mail address and password; the rest stays as it is.
  ///
  /// - Parameter password: the admin's new hash, or `nil` to keep the present one.
  /// - Returns: whether the e-mail address could be set; another user of a restored store may have it.
  package func complete(_ transaction: inout Transaction, password: JSONValue?) throws(Refusal) -> Bool {
    if Roles.find(Roles.admin, in: transaction) == nil {
      try transaction.inserting(Self.adminRole, into: Collections.roles)
    }
    for (name, description) in Self.groups where Groups.find(name, in: transaction) == nil {
      try transaction.inserting(
        ["group_name": .string(name), "group_description": .string(description), "api_access": []],
        into: Collections.groups)
    }
    if transaction.first(in: Collections.settings, SecuritySettings.filter) == nil {
      try transaction.inserting(settings.document, into: Collections.settings)
    }
    let owner = transaction.first(in: Collections.users, .fields(["email": email]))?.string("username")
    let isFree = owner == nil || Users.isAdmin(owner)
    if Users.find(Users.admin, in: transaction) == nil {
      try transaction.inserting(
        Self.adminUser(email: isFree ? email : "\(Users.admin)@localhost", password: password ?? .null),
        into: Collections.users)
      return isFree
    }
    var changes: JSONObject = ["active": true, "role": .string(Roles.admin)]
    if isFree { changes["email"] = .string(email) }
    changes["password"] = password
    try transaction.setting(changes, in: Collections.users, .fields(["username": Users.admin]))
    return isFree
  }

  private static func adminUser(email: String, password: JSONValue) -> JSONObject {
    [
      "username": .string(Users.admin), "email": .string(email), "password": password, "role": .string(Roles.admin),
      "groups": ["ALL", "admin"], "ui_access": true, "rate_limit_duration": 1, "rate_limit_duration_type": "second",
      "throttle_duration": 1, "throttle_duration_type": "second", "throttle_wait_duration": 0,
      "throttle_wait_duration_type": "second", "throttle_queue_limit": 1, "throttle_enabled": .null,
      "custom_attributes": ["custom_key": "custom_value"], "active": true,
    ]
  }

  /// As in the peer's dumps. What it does not name an admin may do all the same: see `Actor`.
  private static let adminRole: JSONObject = [
    "role_name": .string(Roles.admin), "role_description": "Administrator role", "manage_users": true,
    "manage_apis": true, "manage_endpoints": true, "manage_groups": true, "manage_roles": true,
    "manage_routings": true, "manage_gateway": true, "manage_subscriptions": true, "manage_credits": true,
    "manage_auth": true, "manage_security": true, "view_analytics": true, "view_logs": true, "export_logs": true,
    "ui_access": true,
  ]

  private static let groups = [
    (name: "admin", description: "Administrator group with full access"),
    (name: "ALL", description: "Default group with access to all APIs"),
  ]
}
