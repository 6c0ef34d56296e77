import DocumentStore
import JSON

extension Collections {
  /// The fields by which people know a document of a collection, such as `username`. No field is a secret.
  ///
  /// - Returns: none for a collection that this program does not know.
  package static func nameFields(of collection: String) -> [String] {
    if let fields = otherNames.first(where: { $0.collection.hasSameBytes(as: collection) })?.fields { return fields }
    return schemas.first { $0.name.hasSameBytes(as: collection) }?.unique.first ?? []
  }

  /// The names in collections where names may come again.
  private static let otherNames: [(collection: String, fields: [String])] = [
    (revocations, ["type", "username"]), ("vault_entries", ["username", "key_name"]),
    (userTierAssignments, ["user_id"]),
  ]
}
