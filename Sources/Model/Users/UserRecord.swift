import DocumentStore
package import JSON

/// A user, decoded from its document.
package struct UserRecord: StoredRecord, Equatable {
  /// The collection of users.
  package static let collection = Collections.users
  /// Users are found by name.
  package static let keyFields = ["username"]

  /// The name of the user.
  package let username: String
  /// The e-mail address of the user.
  package let email: String?
  /// The name of the user's role, or `nil` for a user without one.
  package let role: String?
  /// The names of the user's groups.
  package let groups: [String]
  /// Whether the user may log in. A user whose document does not say so may, as in Doorman. A value that is neither
  /// true nor false counts as false.
  package let isActive: Bool
  /// Whether the user may use an administration interface.
  package let mayUseInterface: Bool
  /// The limits of the user's requests to APIs.
  package let limits: UserLimits

  /// Decodes a user.
  package init(_ fields: JSONObject) {
    username = fields.text("username")
    email = fields["email"]?.string
    role = fields["role"]?.string
    groups = fields.texts("groups")
    isActive = fields.flag("active", standard: true)
    mayUseInterface = fields.flag("ui_access", standard: false)
    limits = UserLimits(fields)
  }
}
