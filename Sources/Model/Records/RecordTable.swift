package import DocumentStore
import HashTreeCollections
import JSON

/// The decoded documents of a small collection, by their keys. A value: a copy costs a reference, and a change of one
/// document decodes that document alone.
package struct RecordTable<Record: StoredRecord>: Sendable {
  private var records = TreeDictionary<RecordKey, Record>()
  /// The number of documents that were decoded for this table and for the tables that it was made from.
  package private(set) var decodings = 0

  /// Decodes a whole collection. Of documents with the same key the first one counts, as for a search in the store.
  package init(in reader: some DocumentReader) {
    for document in reader.find(in: Record.collection, .everything) {
      guard let key = RecordKey(of: document, fields: Record.keyFields), records[key] == nil else { continue }
      records[key] = decode(document)
    }
  }

  /// The number of records.
  package var count: Int { records.count }

  /// The record of a key, or `nil` when there is none.
  ///
  /// - Parameter key: the values of the record's key fields, in their order.
  package subscript(key: String...) -> Record? { records[RecordKey(key)] }

  /// Follows changes of the store.
  ///
  /// - Parameters:
  ///   - changes: of any collections.
  ///   - reader: the state after the changes.
  package mutating func apply(_ changes: [Change], in reader: some DocumentReader) {
    var touched: Set<RecordKey> = []
    for change in changes where change.collection.hasSameBytes(as: Record.collection) {
      for document in [change.before, change.after].compactMap({ $0 }) {
        if let key = RecordKey(of: document, fields: Record.keyFields) { touched.insert(key) }
      }
    }
    // The store is asked again, since another document with the same key may take the place of a deleted one.
    for key in touched {
      records[key] = reader.first(in: Record.collection, key.filter(Record.keyFields)).map { decode($0) }
    }
  }

  private mutating func decode(_ document: Document) -> Record {
    decodings += 1
    return Record(document)
  }
}
