/// The user who makes a request, as the model has it at that moment.
package struct Requester: Sendable, Equatable {
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
  package init?(username: String, in model: ModelVersion) {
    guard let user = model.user(username), user.isActive else { return nil }
    guard let role = user.role else {
      self.init(username: username, role: "", permissions: [])
      return
    }
    // The admin role may be missing in a foreign dump. It holds all permissions there, too.
    let permissions = model.roles[role]?.permissions ?? (RoleRecord.isAdmin(role) ? Set(Permission.allCases) : [])
    self.init(username: username, role: role, permissions: permissions)
  }

  /// Whether the user has the admin role.
  package var isAdmin: Bool { RoleRecord.isAdmin(role) }

  /// Whether the user has a permission.
  package func may(_ permission: Permission) -> Bool { permissions.contains(permission) }
}
