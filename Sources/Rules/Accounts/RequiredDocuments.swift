package import DocumentStore
package import JSON
package import Model

/// The documents that every store has: the user `admin` with its role and groups, and the security settings.
package struct RequiredDocuments: Sendable {
  private let email: String
  private let settings: SecuritySettings.Defaults

  /// - Parameters:
  ///   - adminEmail: the e-mail address of the user `admin`.
  ///   - settings: the security settings of a store that has none.
  package init(adminEmail: String, settings: SecuritySettings.Defaults) {
    email = adminEmail
    self.settings = settings
  }

  /// Inserts the documents that are missing, and sets the e-mail address and the password of `admin`. It leaves
  /// everything else as it is.
  ///
  /// - Parameter adminPassword: the new hash, or `nil` to keep the present one. A new `admin` has no password then.
  /// - Returns: whether the e-mail address could be set. Another user of a restored store may have it.
  package func insertMissing(
    in transaction: inout Transaction, adminPassword: JSONValue?
  ) throws(RuleViolation) -> Bool {
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
    let owner = transaction.first(in: Collections.users, where: "email", is: email)?.string("username")
    let isFree = owner == nil || Users.isAdmin(owner)
    if Users.find(Users.admin, in: transaction) == nil {
      try transaction.inserting(
        Self.adminUser(email: isFree ? email : "\(Users.admin)@localhost", password: adminPassword ?? .null),
        into: Collections.users)
      return isFree
    }
    var changes: JSONObject = ["active": true, "role": .string(Roles.admin)]
    if isFree { changes["email"] = .string(email) }
    changes["password"] = adminPassword
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

  /// The admin role names the permissions that it names in Doorman. It holds the others all the same: see `Requester`.
  private static let adminRole = JSONObject(
    [("role_name", .string(Roles.admin)), ("role_description", .string("Administrator role"))]
      + Permission.allCases.filter { ![.manageTiers, .manageRateLimits].contains($0) }.map {
        ($0.rawValue, .bool(true))
      }
      + [("ui_access", .bool(true))])

  private static let groups = [
    (name: "admin", description: "Administrator group with full access"),
    (name: "ALL", description: "Default group with access to all APIs"),
  ]
}
