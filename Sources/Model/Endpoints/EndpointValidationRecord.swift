import DocumentStore
package import JSON

/// The validation of an endpoint, decoded from its document.
package struct EndpointValidationRecord: StoredRecord, Equatable {
  /// The collection of endpoint validations.
  package static let collection = Collections.endpointValidations
  /// Validations are found by the identifier of their endpoint.
  package static let keyFields = ["endpoint_id"]

  /// The identifier of the endpoint.
  package let endpointID: String
  /// Whether bodies are checked.
  package let isEnabled: Bool
  /// The rules by the path of a field, such as `user.name` or `items[0].id`, in the order of the document.
  package let rules: [FieldRule]

  /// Decodes a validation.
  package init(_ fields: JSONObject) {
    endpointID = fields.text("endpoint_id")
    isEnabled = fields.flag("validation_enabled", standard: false)
    rules = FieldRule.rules(of: fields["validation_schema"]?.object?["validation_schema"])
  }
}

/// The rule for one field of a body.
package struct FieldRule: Sendable, Equatable {
  /// The path of the field. It is empty for the elements of an array.
  package let path: String
  /// Whether the field must be there.
  package let isRequired: Bool
  /// The name of the type.
  package let type: String?
  /// The smallest number, or the smallest count of characters or elements.
  package let minimum: Double?
  /// The largest number, or the largest count of characters or elements.
  package let maximum: Double?
  /// A regular expression that a string must match.
  package let pattern: String?
  /// The values that are allowed, or `nil` for all.
  package let allowedValues: [JSONValue]?
  /// The name of a format that a string must have.
  package let format: String?
  /// The rules for the members of an object.
  package let members: [FieldRule]
  /// The rule for the elements of an array: one rule at most.
  package let elements: [FieldRule]

  init(_ fields: JSONObject, at path: String) {
    self.path = path
    isRequired = fields.flag("required", standard: false)
    type = fields["type"]?.string
    minimum = fields["min"]?.number?.double
    maximum = fields["max"]?.number?.double
    pattern = fields["pattern"]?.string
    allowedValues = fields["enum"]?.array
    format = fields["format"]?.string
    members = Self.rules(of: fields["nested_schema"])
    elements = fields["array_items"]?.object.map { [FieldRule($0, at: "")] } ?? []
  }

  /// Decodes an object of rules by path. Members that are no objects are left out.
  static func rules(of value: JSONValue?) -> [FieldRule] {
    guard let members = value?.object?.members else { return [] }
    return members.compactMap { member in member.value.object.map { FieldRule($0, at: member.key) } }
  }
}
