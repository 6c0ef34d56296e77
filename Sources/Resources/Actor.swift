package import DocumentStore
import JSON

/// The user who makes a call, as the store knows it at that moment.
package struct Actor: Sendable, Equatable {
  package let username: String
  package let role: String
  package let permissions: Set<Permission>

  package init(username: String, role: String, permissions: Set<Permission>) {
    self.username = username
    self.role = role
    self.permissions = permissions
  }

  /// Looks a user up.
  ///
  /// - Returns: `nil` when there is no such user or it is not active.
  package init?(username: String, in reader: some DocumentReader) {
    guard let user = Users.find(username, in: reader), Users.isActive(user) else { return nil }
    let role = user.string("role")
    // The admin role holds every permission, also those that its document, written by an older version, does not name.
    let permissions =
      Roles.isAdmin(role)
      ? Set(Permission.allCases)
      : role.flatMap { Roles.find($0, in: reader) }.map { Permission.granted(by: $0.object) } ?? []
    // Without a role there are no permissions; the name of none is empty.
    self.init(username: username, role: role ?? "", permissions: permissions)
  }

  package var isAdmin: Bool { Roles.isAdmin(role) }

  package func may(_ permission: Permission) -> Bool { permissions.contains(permission) }
}
