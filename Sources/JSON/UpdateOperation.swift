/// One change of a document, named after MongoDB's update operators.
package enum UpdateOperation: Sendable, Equatable {
  /// `$set` gives the field a value and creates missing objects on the way.
  case set(FieldPath, JSONValue)
  /// `$unset` removes the field. An array's element becomes null.
  case unset(FieldPath)
  /// `$inc` adds to a number. A missing field counts as 0.
  case increment(FieldPath, JSONNumber)
  /// `$push` appends to an array. A missing field counts as an empty array.
  case push(FieldPath, JSONValue)
  /// `$pull` removes every equal element of an array. A missing field stays missing.
  case pull(FieldPath, JSONValue)

  /// The field that the operation changes.
  package var path: FieldPath {
    switch self {
    case .set(let path, _), .unset(let path), .increment(let path, _), .push(let path, _), .pull(let path, _): path
    }
  }
}

extension JSONObject {
  /// This document with all operations applied in order. If one does not fit, none is applied.
  ///
  /// - Throws: `JSONError` with the code `typeMismatch` and a sentence that names the field.
  package func applying(_ operations: [UpdateOperation]) throws(JSONError) -> JSONObject {
    var document = JSONValue.object(self)
    for operation in operations {
      try document.update(at: operation.path.components[...], of: operation.path) { (present) throws(JSONError) in
        try operation.result(on: present)
      }
    }
    guard case .object(let object) = document else { return self }
    return object
  }
}

extension UpdateOperation {
  fileprivate func result(on present: JSONValue?) throws(JSONError) -> JSONValue? {
    switch self {
    case .set(_, let value):
      return value
    case .unset:
      return nil
    case .increment(let path, let amount):
      guard let number = (present ?? .integer(0)).number else { throw mismatch(path, "is not a number") }
      guard let sum = number.adding(amount) else { throw mismatch(path, "would leave the range of numbers") }
      return .number(sum)
    case .push(let path, let value):
      guard let elements = (present ?? .array([])).array else { throw mismatch(path, "is not an array") }
      return .array(elements + [value])
    case .pull(let path, let value):
      guard let present else { return nil }
      guard let elements = present.array else { throw mismatch(path, "is not an array") }
      return .array(elements.filter { $0 != value })
    }
  }

  private func mismatch(_ path: FieldPath, _ what: String) -> JSONError {
    JSONError(.typeMismatch, at: 0, "'\(path)' \(what)")
  }
}
