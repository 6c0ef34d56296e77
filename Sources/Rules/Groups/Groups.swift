package import DocumentStore
package import JSON
import Model

/// Rules of groups. Groups say which users may subscribe to which APIs.
package enum Groups {
  /// The groups that every store has. They can't be deleted.
  package static let protected = ["admin", "ALL"]

  /// The group of a name.
  package static func find(_ name: String, in reader: some DocumentReader) -> Document? {
    reader.first(in: Collections.groups, byName(name))
  }

  /// The fields of a group that leave the server.
  ///
  /// - Throws: `GRP003` when there is none.
  package static func read(_ name: String, in reader: some DocumentReader) throws(RuleViolation) -> JSONObject {
    guard let group = find(name, in: reader) else { throw RuleViolation("GRP003", "There is no such group") }
    return group.object.removing("_id")
  }

  /// Creates a group.
  ///
  /// - Throws: `GRP001` when there is one of this name.
  package static func create(_ fields: JSONObject, in transaction: inout Transaction) throws(RuleViolation) {
    guard try find(fields.required("group_name"), in: transaction) == nil else {
      throw RuleViolation("GRP001", "A group with this name exists already; choose another or change that one")
    }
    try transaction.inserting(fields, into: Collections.groups)
  }

  /// Changes a group.
  ///
  /// - Throws: `GRP003` when there is none; `GRP004` for another name.
  package static func update(
    _ name: String, _ changes: JSONObject, in transaction: inout Transaction
  ) throws(RuleViolation) {
    guard find(name, in: transaction) != nil else { throw RuleViolation("GRP003", "There is no such group") }
    guard changes.keeps("group_name", as: name) else {
      throw RuleViolation("GRP004", "A group keeps its name: users and APIs refer to it. Create a new group instead")
    }
    try transaction.setting(changes, in: Collections.groups, byName(name))
  }

  /// Deletes a group.
  ///
  /// - Throws: `GRP010` for a group that every store has; `GRP003` when there is none.
  package static func delete(_ name: String, in transaction: inout Transaction) throws(RuleViolation) {
    guard !protected.containsBytes(of: name) else {
      throw RuleViolation("GRP010", "The group '\(name)' can't be deleted")
    }
    guard transaction.delete(from: Collections.groups, byName(name)) > 0 else {
      throw RuleViolation("GRP003", "There is no such group")
    }
  }

  private static func byName(_ name: String) -> Filter { .fields(["group_name": name]) }
}
