package import DocumentStore
package import JSON

extension Transaction {
  /// Inserts a document whose uniqueness was checked before.
  package mutating func inserting(_ object: JSONObject, into collection: String) throws(RuleViolation) {
    do {
      try insert(object, into: collection)
    } catch {
      throw RuleViolation(error)
    }
  }

  /// Sets fields of the matching documents.
  ///
  /// - Returns: how many matched.
  @discardableResult
  package mutating func setting(
    _ fields: JSONObject, in collection: String, _ filter: Filter
  ) throws(RuleViolation) -> Int {
    try updating(in: collection, filter, fields.members.map { .set(FieldPath(field: $0.key), $0.value) })
  }

  /// Applies operations to the matching documents.
  ///
  /// - Returns: how many matched.
  @discardableResult
  package mutating func updating(
    in collection: String, _ filter: Filter, _ operations: [UpdateOperation]
  ) throws(RuleViolation) -> Int {
    do {
      return try update(in: collection, filter, operations)
    } catch {
      throw RuleViolation(error)
    }
  }
}

extension RuleViolation {
  /// A refusal of the store itself, which the rules did not foresee.
  init(_ error: StoreError) {
    self.init("GTW007", "The change does not fit what is stored: \(error)")
  }
}

extension JSONObject {
  /// The string in a field that a new document can't be without.
  ///
  /// - Throws: `VAL001` when there is none.
  func required(_ field: String) throws(RuleViolation) -> String {
    guard let text = self[field]?.string else { throw RuleViolation("VAL001", "'\(field)' is missing") }
    return text
  }

  /// Whether these changes leave a field as it is: they don't name it, or name the value that it has.
  func keeps(_ field: String, as value: String) -> Bool {
    guard let change = self[field] else { return true }
    return change == .string(value)
  }
}
