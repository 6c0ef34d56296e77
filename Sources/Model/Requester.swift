package import DocumentStore
import JSON

/// The user who makes a request, as the store has it at that moment.
package struct Requester: Sendable, Equatable {
  /// The role that holds every permission.
  package static let adminRole = "admin"

  /// The name of the user.
  package let username: String
  /// The name of the user's role. It is empty for a user without one, who has no permissions.
  package let role: String
  /// The permissions of the role.
  package let permissions: Set<Permission>

  /// A user with these permissions.
  package init(username: String, role: String, permissions: Set<Permission>) {
    self.username = username
    self.role = role
    self.permissions = permissions
  }

  /// Finds a user.
  ///
  /// - Returns: `nil` when there is no such user or it is not active.
  package init?(username: String, in reader: some DocumentReader) {
    guard let document = reader.first(in: Collections.users, .fields(["username": username])) else { return nil }
    let user = UserRecord(document)
    guard user.isActive else { return nil }
    guard let role = user.role else {
      self.init(username: username, role: "", permissions: [])
      return
    }
    self.init(username: username, role: role, permissions: Self.permissions(of: role, in: reader))
  }

  /// The admin role holds every permission, also those that its document, written by an older version, does not name.
  private static func permissions(of role: String, in reader: some DocumentReader) -> Set<Permission> {
    if isAdmin(role: role) { return Set(Permission.allCases) }
    guard let document = reader.first(in: Collections.roles, .fields(["role_name": role])) else { return [] }
    return Permission.granted(by: document.object)
  }

  /// Whether the user has the admin role.
  package var isAdmin: Bool { Self.isAdmin(role: role) }

  /// Whether a role is the admin role.
  package static func isAdmin(role: String?) -> Bool { role?.hasSameBytes(as: adminRole) == true }

  /// Whether the user has a permission.
  package func may(_ permission: Permission) -> Bool { permissions.contains(permission) }
}
