import DocumentStore
package import JSON

/// The subscriptions of a user, decoded from their document.
package struct SubscriptionRecord: StoredRecord, Equatable {
  /// The collection of subscriptions.
  package static let collection = Collections.subscriptions
  /// Subscriptions are found by the name of the user.
  package static let keyFields = ["username"]

  /// The APIs that the user may call, as `name/version`.
  package let apis: [String]

  /// Decodes the subscriptions of a user.
  package init(_ fields: JSONObject) {
    apis = fields.texts("apis")
  }
}
