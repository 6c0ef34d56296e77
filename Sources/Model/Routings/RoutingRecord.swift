import DocumentStore
package import JSON

/// A routing, decoded from its document.
package struct RoutingRecord: StoredRecord, Equatable {
  /// The collection of routings.
  package static let collection = Collections.routings
  /// Routings are found by their client key.
  package static let keyFields = ["client_key"]

  /// The key that a client sends to use the routing.
  package let clientKey: String
  /// The servers of the routing.
  package let servers: [String]
  /// The index of the server that gets the first request.
  package let firstServer: Int

  /// Decodes a routing.
  package init(_ fields: JSONObject) {
    clientKey = fields.text("client_key")
    servers = fields.texts("routing_servers")
    firstServer = fields.positive("server_index") ?? 0
  }
}
