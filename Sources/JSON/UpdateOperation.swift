/// One change of a document, in the words of MongoDB's update operators.
package enum UpdateOperation: Sendable, Equatable {
  /// `$set`: the field gets the value; objects on the way are made.
  case set(FieldPath, JSONValue)
  /// `$unset`: the field goes; in an array its element becomes null.
  case unset(FieldPath)
  /// `$inc`: adds to a number; a missing field counts as 0.
  case increment(FieldPath, JSONNumber)
  /// `$push`: appends to an array; a missing field counts as an empty one.
  case push(FieldPath, JSONValue)
  /// `$pull`: removes every equal element of an array; a missing field stays missing.
  case pull(FieldPath, JSONValue)

  package var path: FieldPath {
    switch self {
    case .set(let path, _), .unset(let path), .increment(let path, _), .push(let path, _), .pull(let path, _): path
    }
  }
}

extension JSONObject {
  /// This document with all operations applied in order; the first that does not fit fails them all.
  ///
  /// - Throws: `JSONError` `typeMismatch`, with a sentence that names the field.
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
