package import JSON

/// Why a change of the store was refused. A refused change leaves nothing behind.
package enum StoreError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Another document of the collection has the same values in fields that must be unique.
  case duplicateKey(collection: String, fields: [String])
  /// `_id` names a document for its whole life.
  case identifierChanged(collection: String)
  /// An update operation does not fit the document.
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
