package import DocumentStore
package import JSON

extension Transaction {
  /// Inserts a document whose uniqueness was checked before.
  package mutating func inserting(_ object: JSONObject, into collection: String) throws(Refusal) {
    do {
      try insert(object, into: collection)
    } catch {
      throw Refusal(error)
    }
  }

  /// Sets fields of the matching documents.
  ///
  /// - Returns: how many matched.
  @discardableResult
  package mutating func setting(_ fields: JSONObject, in collection: String, _ filter: Filter) throws(Refusal) -> Int {
    try updating(in: collection, filter, fields.members.map { .set(FieldPath(field: $0.key), $0.value) })
  }

  @discardableResult
  package mutating func updating(
    in collection: String, _ filter: Filter, _ operations: [UpdateOperation]
  ) throws(Refusal) -> Int {
    do {
      return try update(in: collection, filter, operations)
    } catch {
      throw Refusal(error)
    }
  }
}

extension Refusal {
  /// The store's own refusal: what the rules above it did not foresee.
  init(_ error: StoreError) {
    self.init(400, "GTW007", "The change does not fit what is stored: \(error)")
  }
}
