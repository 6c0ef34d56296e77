package import DocumentStore
import FoundationEssentials
package import JSON

/// Routings: servers of their own for callers that send a `client-key`.
package enum Routings {
  package static func find(_ key: String, in reader: some DocumentReader) -> Document? {
    reader.first(in: Collections.routings, byKey(key))
  }

  package static func read(_ key: String, in reader: some DocumentReader) throws(Refusal) -> JSONObject {
    guard let routing = find(key, in: reader) else { throw missing }
    return routing.object.removing("_id")
  }

  /// - Returns: the routing's client key, made up when the body gave none.
  package static func create(_ body: CheckedBody, in transaction: inout Transaction) throws(Refusal) -> String {
    let key = body.string("client_key") ?? UUID().uuidString.lowercased()
    guard find(key, in: transaction) == nil else {
      throw Refusal(400, "RTG001", "A routing with this client_key exists already; choose another or change that one")
    }
    var routing = body.fields
    routing["client_key"] = .string(key)
    try transaction.inserting(routing, into: Collections.routings)
    return key
  }

  package static func update(_ key: String, _ body: CheckedBody, in transaction: inout Transaction) throws(Refusal) {
    guard find(key, in: transaction) != nil else { throw missing }
    let changes = body.changes
    guard changes["client_key"] ?? .string(key) == .string(key) else {
      throw Refusal(400, "RTG005", "A routing keeps its client_key: callers send it. Create a new routing instead")
    }
    try transaction.setting(changes, in: Collections.routings, byKey(key))
  }

  package static func delete(_ key: String, in transaction: inout Transaction) throws(Refusal) {
    guard transaction.delete(from: Collections.routings, byKey(key)) > 0 else { throw missing }
  }

  private static let missing = Refusal(400, "RTG004", "There is no routing with this client_key")

  private static func byKey(_ key: String) -> Filter { .fields(["client_key": key]) }
}
