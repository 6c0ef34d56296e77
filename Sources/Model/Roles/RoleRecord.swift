import DocumentStore
package import JSON

/// A role, decoded from its document.
package struct RoleRecord: StoredRecord, Equatable {
  /// The collection of roles.
  package static let collection = Collections.roles
  /// Roles are found by name.
  package static let keyFields = ["role_name"]

  /// The name of the role that holds every permission.
  package static let admin = "admin"

  /// The permissions of the role. The admin role holds all of them, also those that its document, written by an older
  /// version, does not name.
  package let permissions: Set<Permission>

  /// Decodes a role. A permission that is not `true` is not given.
  package init(_ fields: JSONObject) {
    permissions =
      Self.isAdmin(fields["role_name"]?.string)
      ? Set(Permission.allCases) : Set(Permission.allCases.filter { fields[$0.rawValue]?.bool == true })
  }

  /// Whether a name is that of the admin role.
  package static func isAdmin(_ name: String?) -> Bool { name?.hasSameBytes(as: admin) == true }
}
