package import DocumentStore
import FoundationEssentials
package import JSON
import Model

/// Rules of routings. A routing gives the clients that send its `client-key` servers of their own.
package enum Routings {
  /// The routing of a client key.
  package static func find(_ key: String, in reader: some DocumentReader) -> Document? {
    reader.first(in: Collections.routings, byKey(key))
  }

  /// The fields of a routing that leave the server.
  ///
  /// - Throws: `RTG004` when there is none.
  package static func read(_ key: String, in reader: some DocumentReader) throws(RuleViolation) -> JSONObject {
    guard let routing = find(key, in: reader) else { throw missing }
    return routing.object.removing("_id")
  }

  /// Creates a routing.
  ///
  /// - Returns: the routing's client key: a random one when the fields have none.
  /// - Throws: `RTG001` when there is a routing with this client key; `RTG014` for a server that is no URL.
  package static func create(_ fields: JSONObject, in transaction: inout Transaction) throws(RuleViolation) -> String {
    let key = fields["client_key"]?.string ?? UUID().uuidString.lowercased()
    guard find(key, in: transaction) == nil else {
      throw RuleViolation("RTG001", "A routing with this client_key exists already; choose another or change that one")
    }
    try ServerURLs.check("routing_servers", of: fields, code: "RTG014")
    var routing = fields
    routing["client_key"] = .string(key)
    try transaction.inserting(routing, into: Collections.routings)
    return key
  }

  /// Changes a routing.
  ///
  /// - Throws: `RTG004` when there is none; `RTG005` for another client key; `RTG014` for a new server that is no URL.
  package static func update(_ key: String, _ changes: JSONObject, in transaction: inout Transaction)
    throws(RuleViolation)
  {
    guard let routing = find(key, in: transaction)?.object else { throw missing }
    guard changes.keeps("client_key", as: key) else {
      throw RuleViolation("RTG005", "A routing keeps its client_key: callers send it. Create a new routing instead")
    }
    try ServerURLs.check("routing_servers", of: routing.merging(changes), before: routing, code: "RTG014")
    try transaction.setting(changes, in: Collections.routings, byKey(key))
  }

  /// Deletes a routing.
  ///
  /// - Throws: `RTG004` when there is none.
  package static func delete(_ key: String, in transaction: inout Transaction) throws(RuleViolation) {
    guard transaction.delete(from: Collections.routings, byKey(key)) > 0 else { throw missing }
  }

  private static let missing = RuleViolation("RTG004", "There is no routing with this client_key")

  private static func byKey(_ key: String) -> Filter { .fields(["client_key": key]) }
}
