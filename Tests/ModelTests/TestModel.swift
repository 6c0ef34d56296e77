import DocumentStore
import JSON
import Model

/// A store with documents, and the model that follows it.
struct TestModel {
  static let defaults = SecuritySettings.Defaults(
    enableAutoSave: false, autoSaveFrequencySeconds: 900, dumpPath: "/d/x.bin", allowLocalhostBypass: true)

  let store = DocumentStore(schemas: Collections.schemas)
  let model: CurrentModel

  init(_ documents: [(collection: String, fields: JSONObject)] = []) throws {
    model = CurrentModel(following: store, defaults: Self.defaults)
    for (collection, fields) in documents { try insert(fields, into: collection) }
  }

  func insert(_ fields: JSONObject, into collection: String) throws {
    try store.write { (transaction) throws(StoreError) in try transaction.insert(fields, into: collection) }
  }

  func set(_ fields: JSONObject, of filter: Filter, in collection: String) throws {
    try store.write { (transaction) throws(StoreError) in
      try transaction.update(
        in: collection, filter, fields.members.map { .set(FieldPath(field: $0.key), $0.value) })
    }
  }

  func delete(_ filter: Filter, from collection: String) throws {
    try store.write { (transaction) throws(StoreError) in transaction.delete(from: collection, filter) }
  }

  /// Puts documents in the place of all there are, as a restore does. Unlike inserts it takes documents with the same
  /// keys.
  func replaceAll(_ documents: [(collection: String, fields: JSONObject)]) throws {
    var loader = CollectionLoader(schemas: Collections.schemas)
    for (collection, fields) in documents {
      try JSONWriter.bytes(fields).withUnsafeBytes { try loader.append($0, to: collection) }
    }
    try store.replaceAll(with: loader.finish()) { (_, _) throws(StoreError) in }
  }
}
