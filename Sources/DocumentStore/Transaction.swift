import FoundationEssentials
package import JSON

/// Changes that become visible together. If the body that makes them throws, none of them does.
package struct Transaction: DocumentReader {
  var table: CollectionTable
  private var recorder = ChangeRecorder()

  init(_ table: CollectionTable) {
    self.table = table
  }

  /// The net changes so far, at most one for each document.
  var changes: [Change] { recorder.changes(in: table) }

  /// The contents of a collection with this transaction's changes.
  package func contents(of collection: String) -> CollectionContents {
    CollectionContents(collection: table[collection])
  }

  /// The first document with a string in a top-level field, with this transaction's changes.
  package func first(in collection: String, where field: String, is value: String) -> Document? {
    table.first(in: collection, where: field, is: value)
  }

  /// Adds a document. If `_id` is missing or is not a string, it gets a random UUID.
  ///
  /// - Returns: the document as it is stored.
  /// - Throws: `StoreError.duplicateKey`.
  @discardableResult
  package mutating func insert(_ object: JSONObject, into collection: String) throws(StoreError) -> JSONObject {
    var object = object
    if object[DocumentCollection.identifier]?.string == nil {
      object[DocumentCollection.identifier] = .string(UUID().uuidString.lowercased())
    }
    let document = Document(object)
    let position = table.position(of: collection)
    let row = try table[position].insert(document)
    recorder.note(collection: position, row: row, before: nil, after: document)
    return object
  }

  /// Applies operations to every matching document.
  ///
  /// - Returns: the number of matching documents.
  /// - Throws: `StoreError`. Some of the documents can be changed by then, so let the error end the transaction.
  @discardableResult
  package mutating func update(
    in collection: String, _ filter: Filter, _ operations: [UpdateOperation]
  ) throws(StoreError) -> Int {
    let matches = matches(in: collection, filter)
    for (row, document) in matches {
      let updated: JSONObject
      do {
        updated = try document.object.applying(operations)
      } catch {
        throw StoreError.invalidUpdate(error)
      }
      try replace(row, document, with: updated, in: collection)
    }
    return matches.count
  }

  /// Replaces the first matching document by another object. Its `_id` stays.
  ///
  /// - Returns: whether a document matched.
  /// - Throws: `StoreError`.
  @discardableResult
  package mutating func replace(
    in collection: String, _ filter: Filter, with object: JSONObject
  ) throws(StoreError) -> Bool {
    guard let (row, document) = matches(in: collection, filter).first else { return false }
    var object = object
    if object[DocumentCollection.identifier] == nil { object[DocumentCollection.identifier] = document.value("_id") }
    try replace(row, document, with: object, in: collection)
    return true
  }

  /// Deletes every matching document.
  ///
  /// - Returns: the number of deleted documents.
  @discardableResult
  package mutating func delete(from collection: String, _ filter: Filter) -> Int {
    let matches = matches(in: collection, filter)
    guard !matches.isEmpty else { return 0 }
    let position = table.position(of: collection)
    for (row, document) in matches {
      table[position].remove(row)
      recorder.note(collection: position, row: row, before: document, after: nil)
    }
    return matches.count
  }

  /// Records a change that was made in the table.
  mutating func note(_ applied: CollectionTable.Applied) {
    recorder.note(collection: applied.position, row: applied.row, before: applied.before, after: applied.after)
  }

  private mutating func replace(
    _ row: Row, _ before: Document, with object: JSONObject, in collection: String
  ) throws(StoreError) {
    guard object[DocumentCollection.identifier] == before.value("_id") else {
      throw StoreError.identifierChanged(collection: collection)
    }
    let document = Document(object)
    guard document.bytes != before.bytes else { return }
    let position = table.position(of: collection)
    try table[position].replace(row, with: document)
    recorder.note(collection: position, row: row, before: before, after: document)
  }
}
