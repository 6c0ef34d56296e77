package import DocumentStore
package import JSON

/// A typed value that is decoded from one document.
///
/// Records are read only. A change is made to the document, so fields that no record knows survive it.
package protocol StoredRecord: Sendable {
  /// The collection of the documents.
  static var collection: String { get }
  /// The top-level string fields that name a document. An index covers them.
  static var keyFields: [String] { get }

  /// Decodes the members of a document. A field of an unexpected type counts as absent, unless the record says
  /// otherwise.
  init(_ fields: JSONObject)
}

extension StoredRecord {
  /// Decodes a document.
  package init(_ document: Document) {
    self.init(document.object)
  }

  /// The document with this key, decoded, or `nil` when there is none.
  ///
  /// - Parameter key: the values of `keyFields`, in their order.
  package static func find(_ key: String..., in reader: some DocumentReader) -> Self? {
    reader.first(in: collection, RecordKey(key).filter(keyFields)).map { Self($0) }
  }
}

/// The values of the fields that name a document.
struct RecordKey: Hashable, Sendable {
  private let values: [UTF8Key]

  init(_ values: [String]) {
    self.values = values.map(UTF8Key.init)
  }

  /// - Returns: `nil` when one of the fields is not there or no string.
  init?(of document: Document, fields: [String]) {
    var values: [UTF8Key] = []
    for field in fields {
      guard let value = document.string(field) else { return nil }
      values.append(UTF8Key(value))
    }
    self.values = values
  }

  func filter(_ fields: [String]) -> Filter {
    .all(zip(fields, values).map { field, value in .fields([field: value.text]) })
  }
}
