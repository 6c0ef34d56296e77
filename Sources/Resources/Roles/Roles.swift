package import DocumentStore
package import JSON

/// Roles: what their users may do.
package enum Roles {
  /// The role that may do everything. Only an admin may touch it, and nobody may delete it.
  package static let admin = "admin"

  package static func isAdmin(_ role: String?) -> Bool { role?.hasSameBytes(as: admin) ?? false }

  package static func find(_ name: String, in reader: some DocumentReader) -> Document? {
    reader.first(in: Collections.roles, byName(name))
  }

  /// Roles that an actor must not see.
  package static func hidden(from actor: Actor) -> Filter? {
    actor.isAdmin ? nil : byName(admin)
  }

  package static func read(_ name: String, by actor: Actor, in reader: some DocumentReader) throws(Refusal)
    -> JSONObject
  {
    guard !isAdmin(name) || actor.isAdmin else { throw Refusal(404, nil, "Role not found") }
    guard let role = find(name, in: reader) else { throw Refusal(404, "ROLE004", "There is no such role") }
    return role.object.removing("_id")
  }

  package static func create(_ body: CheckedBody, by actor: Actor, in transaction: inout Transaction) throws(Refusal) {
    let name = try body.required("role_name")
    guard !isAdmin(name) || actor.isAdmin else {
      throw Refusal(403, "ROLE013", "Only an admin may create the role '\(admin)'")
    }
    guard find(name, in: transaction) == nil else {
      throw Refusal(400, "ROLE001", "A role with this name exists already; choose another or change that one")
    }
    try transaction.inserting(body.fields, into: Collections.roles)
  }

  /// - Returns: the role as it is after the change.
  package static func update(
    _ name: String, _ body: CheckedBody, by actor: Actor, in transaction: inout Transaction
  ) throws(Refusal) -> JSONObject {
    guard !isAdmin(name) || actor.isAdmin else {
      throw Refusal(403, "ROLE014", "Only an admin may change the role '\(admin)'")
    }
    guard find(name, in: transaction) != nil else { throw Refusal(400, "ROLE004", "There is no such role") }
    let changes = body.changes
    guard changes["role_name"] ?? .string(name) == .string(name) else {
      throw Refusal(400, "ROLE005", "A role keeps its name: users refer to it. Create a new role instead")
    }
    try transaction.setting(changes, in: Collections.roles, byName(name))
    return try read(name, by: actor, in: transaction)
  }

  package static func delete(_ name: String, by actor: Actor, in transaction: inout Transaction) throws(Refusal) {
    guard !isAdmin(name) else { throw Refusal(403, "ROLE016", "The role '\(admin)' can't be deleted") }
    guard transaction.delete(from: Collections.roles, byName(name)) > 0 else {
      throw Refusal(400, "ROLE004", "There is no such role")
    }
  }

  private static func byName(_ name: String) -> Filter { .fields(["role_name": name]) }
}
