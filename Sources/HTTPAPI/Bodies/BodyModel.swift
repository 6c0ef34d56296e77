package import JSON

/// The fields of a request body. The table both checks bodies and describes them in OpenAPI.
package struct BodyModel: Sendable {
  /// The name of the schema in OpenAPI.
  package let name: String
  /// The fields, in the order in which they are kept.
  package let fields: [BodyField]

  /// A model of these fields.
  package init(_ name: String, _ fields: [BodyField]) {
    self.name = name
    self.fields = fields
  }

  /// Checks a body.
  ///
  /// - Returns: all fields of the model in its order, absent ones with their defaults; unknown fields are left out.
  /// - Throws: `BodyFaults` with every fault of the body, not only the first.
  package func check(_ body: JSONValue) throws(BodyFaults) -> CheckedBody {
    var check = BodyCheck()
    let object = check.object(body, model: self, at: "")
    guard check.faults.isEmpty else { throw BodyFaults(check.faults) }
    return CheckedBody(fields: object)
  }
}

/// A body that fits its model.
package struct CheckedBody: Sendable {
  /// Every field of the model.
  package let fields: JSONObject

  fileprivate init(fields: JSONObject) {
    self.fields = fields
  }

  /// The fields that are not null, which an update is to change.
  package var changes: JSONObject {
    JSONObject(fields.members.filter { !$0.value.isNull }.map { ($0.key, $0.value) })
  }

  /// The string in a field, or `nil` when there is none.
  package func string(_ field: String) -> String? { fields[field]?.string }

  /// The string in a field that the model requires.
  ///
  /// - Throws: 422 `VAL001` when there is none.
  package func required(_ field: String) throws(APIError) -> String {
    guard let text = string(field) else { throw APIError(422, "VAL001", "'\(field)' is missing") }
    return text
  }
}

/// The reasons why a body does not fit its model.
package struct BodyFaults: Error, Sendable, CustomStringConvertible {
  /// One sentence for each fault, with the field's path.
  package let faults: [String]

  init(_ faults: [String]) {
    self.faults = faults
  }

  package var description: String { faults.joined(separator: "; ") }
}
