package import JSON

/// The reason why a change of the store was refused. A refused change has no effect.
package enum StoreError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Another document of the collection has the same values in fields that must be unique.
  case duplicateKey(collection: String, fields: [String])
  /// An update would change `_id`, which stays the same for a document's whole life.
  case identifierChanged(collection: String)
  /// An update operation cannot be applied to the document.
  case invalidUpdate(JSONError)

  package var description: String {
    switch self {
    case .duplicateKey(let collection, let fields):
      "another document in '\(collection)' has the same \(fields.joined(separator: ", "))"
    case .identifierChanged(let collection):
      "the _id of a document in '\(collection)' can't change"
    case .invalidUpdate(let error):
      error.description
    }
  }
}
