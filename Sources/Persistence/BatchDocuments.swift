import DumpFormat
package import JSON

/// Why a document of a batch can't be used.
struct BatchFault: Error {
  /// The number of the document in the batch, from 1.
  let number: Int
  let error: JSONError

  /// - Parameter before: the number of documents of the collection in earlier batches.
  func asRestoreError(collection: String, before: Int) -> RestoreError {
    .document(collection: collection, number: before + number, error: error)
  }
}

/// The reason why an authentic dump can't be loaded.
package enum RestoreError: Error, Sendable, CustomStringConvertible {
  case document(collection: String, number: Int, error: JSONError)

  package var description: String {
    switch self {
    case .document(let collection, let number, let error):
      "it opens, but document \(number) of '\(collection)' is not JSON: \(error)"
    }
  }
}
