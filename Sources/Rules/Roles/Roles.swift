package import DocumentStore
package import JSON
package import Model

/// Rules of roles. Roles say what their users may do.
package enum Roles {
  /// The role that holds every permission. Only an admin may change it, and it can't be deleted.
  package static let admin = RoleRecord.admin

  /// Whether a role is the admin role.
  package static func isAdmin(_ role: String?) -> Bool { RoleRecord.isAdmin(role) }

  /// The role of a name.
  package static func find(_ name: String, in reader: some DocumentReader) -> Document? {
    reader.first(in: Collections.roles, byName(name))
  }

  /// Roles that a requester must not see.
  package static func hidden(from requester: Requester) -> Filter? {
    requester.isAdmin ? nil : byName(admin)
  }

  /// The fields of a role that leave the server.
  ///
  /// - Throws: a violation without a code for a role that the requester must not see; `ROLE004` when there is none.
  package static func read(_ name: String, by requester: Requester, in reader: some DocumentReader)
    throws(RuleViolation)
    -> JSONObject
  {
    guard !isAdmin(name) || requester.isAdmin else { throw RuleViolation(nil, "Role not found") }
    guard let role = find(name, in: reader) else { throw RuleViolation("ROLE004", "There is no such role") }
    return role.object.removing("_id")
  }

  /// Creates a role.
  ///
  /// - Throws: `ROLE013` for the admin role; `ROLE001` when there is one of this name.
  package static func create(_ fields: JSONObject, by requester: Requester, in transaction: inout Transaction)
    throws(RuleViolation)
  {
    let name = try fields.required("role_name")
    guard !isAdmin(name) || requester.isAdmin else {
      throw RuleViolation("ROLE013", "Only an admin may create the role '\(admin)'")
    }
    guard find(name, in: transaction) == nil else {
      throw RuleViolation("ROLE001", "A role with this name exists already; choose another or change that one")
    }
    try transaction.inserting(fields, into: Collections.roles)
  }

  /// Changes a role.
  ///
  /// - Returns: the role as it is after the change.
  /// - Throws: `ROLE014` for the admin role; `ROLE004` when there is none; `ROLE005` for another name.
  package static func update(
    _ name: String, _ changes: JSONObject, by requester: Requester, in transaction: inout Transaction
  ) throws(RuleViolation) -> JSONObject {
    guard !isAdmin(name) || requester.isAdmin else {
      throw RuleViolation("ROLE014", "Only an admin may change the role '\(admin)'")
    }
    guard find(name, in: transaction) != nil else { throw RuleViolation("ROLE004", "There is no such role") }
    guard changes.keeps("role_name", as: name) else {
      throw RuleViolation("ROLE005", "A role keeps its name: users refer to it. Create a new role instead")
    }
    try transaction.setting(changes, in: Collections.roles, byName(name))
    return try read(name, by: requester, in: transaction)
  }

  /// Deletes a role.
  ///
  /// - Throws: `ROLE016` for the admin role; `ROLE004` when there is none.
  package static func delete(_ name: String, by requester: Requester, in transaction: inout Transaction)
    throws(RuleViolation)
  {
    guard !isAdmin(name) else { throw RuleViolation("ROLE016", "The role '\(admin)' can't be deleted") }
    guard transaction.delete(from: Collections.roles, byName(name)) > 0 else {
      throw RuleViolation("ROLE004", "There is no such role")
    }
  }

  private static func byName(_ name: String) -> Filter { .fields(["role_name": name]) }
}
