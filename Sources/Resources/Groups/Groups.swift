package import DocumentStore
package import JSON

/// Groups: which users may subscribe to which APIs.
package enum Groups {
  /// The groups of every first start; nobody may delete them.
  package static let protected = ["admin", "ALL"]

  package static func find(_ name: String, in reader: some DocumentReader) -> Document? {
    reader.first(in: Collections.groups, byName(name))
  }

  package static func read(_ name: String, in reader: some DocumentReader) throws(Refusal) -> JSONObject {
    guard let group = find(name, in: reader) else { throw Refusal(404, "GRP003", "There is no such group") }
    return group.object.removing("_id")
  }

  package static func create(_ body: CheckedBody, in transaction: inout Transaction) throws(Refusal) {
    guard try find(body.required("group_name"), in: transaction) == nil else {
      throw Refusal(400, "GRP001", "A group with this name exists already; choose another or change that one")
    }
    try transaction.inserting(body.fields, into: Collections.groups)
  }

  package static func update(
    _ name: String, _ body: CheckedBody, in transaction: inout Transaction
  ) throws(Refusal) {
    guard find(name, in: transaction) != nil else { throw Refusal(400, "GRP003", "There is no such group") }
    let changes = body.changes
    guard changes["group_name"] ?? .string(name) == .string(name) else {
      throw Refusal(400, "GRP004", "A group keeps its name: users and APIs refer to it. Create a new group instead")
    }
    try transaction.setting(changes, in: Collections.groups, byName(name))
  }

  package static func delete(_ name: String, in transaction: inout Transaction) throws(Refusal) {
    guard !protected.containsBytes(of: name) else {
      throw Refusal(403, "GRP010", "The group '\(name)' can't be deleted")
    }
    guard transaction.delete(from: Collections.groups, byName(name)) > 0 else {
      throw Refusal(400, "GRP003", "There is no such group")
    }
  }

  private static func byName(_ name: String) -> Filter { .fields(["group_name": name]) }
}
