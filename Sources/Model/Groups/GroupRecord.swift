import DocumentStore
package import JSON

/// A group, decoded from its document.
package struct GroupRecord: StoredRecord, Equatable {
  /// The collection of groups.
  package static let collection = Collections.groups
  /// Groups are found by name.
  package static let keyFields = ["group_name"]

  /// The name of the group.
  package let name: String
  /// The sentence that describes the group.
  package let description: String?
  /// The APIs that the group names, as `name/version`.
  package let apis: [String]

  /// Decodes a group.
  package init(_ fields: JSONObject) {
    name = fields.text("group_name")
    description = fields["group_description"]?.string
    apis = fields.texts("api_access")
  }
}
