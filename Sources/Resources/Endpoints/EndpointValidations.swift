package import DocumentStore
package import JSON

/// Endpoint validations: what a JSON body must look like before it goes to an endpoint's upstream.
package enum EndpointValidations {
  package static let createBody = BodyModel(
    "CreateEndpointValidationModel",
    [
      .string("endpoint_id", .required),
      .boolean("validation_enabled", .required),
      .model("validation_schema", .required) { schema },
    ])

  package static let updateBody = BodyModel(
    "UpdateEndpointValidationModel",
    [
      .boolean("validation_enabled", .required),
      .model("validation_schema", .required) { schema },
    ])

  /// Field paths (`user.name`, `items[0].id`) to rules.
  package static let schema: BodyModel = BodyModel("ValidationSchema", [.map("validation_schema", .required) { rule }])

  package static let rule: BodyModel = BodyModel(
    "FieldValidation",
    [
      .boolean("required", .required),
      .string("type", .required),
      .number("min", .optional),
      .number("max", .optional),
      .string("pattern", .optional),
      .values("enum", .optional),
      .string("format", .optional),
      .string("custom_validator", .optional),
      BodyField("nested_schema", .map { rule }, .optional),
      BodyField("array_items", .model { rule }, .optional),
    ])

  package static let types = ["string", "number", "integer", "boolean", "array", "object"]

  package static func read(_ id: String, in reader: some DocumentReader) throws(Refusal) -> JSONObject {
    guard let validation = reader.first(in: Collections.endpointValidations, by(id)) else {
      throw Refusal(400, "END018", "This endpoint has no validation")
    }
    return validation.object.removing("_id")
  }

  package static func create(_ body: CheckedBody, in transaction: inout Transaction) throws(Refusal) {
    let id = try body.required("endpoint_id")
    guard transaction.first(in: Collections.endpoints, by(id)) != nil else {
      throw Refusal(400, "END015", "There is no endpoint with this endpoint_id")
    }
    guard transaction.first(in: Collections.endpointValidations, by(id)) == nil else {
      throw Refusal(400, "END014", "This endpoint has a validation already; change that one")
    }
    if let fault = fault(of: body.fields["validation_schema"]) { throw Refusal(400, "END016", fault) }
    try transaction.inserting(body.fields, into: Collections.endpointValidations)
  }

  package static func update(_ id: String, _ body: CheckedBody, in transaction: inout Transaction) throws(Refusal) {
    guard transaction.first(in: Collections.endpointValidations, by(id)) != nil else {
      throw Refusal(400, "END020", "This endpoint has no validation; create one first")
    }
    if let fault = fault(of: body.fields["validation_schema"]) { throw Refusal(400, "END021", fault) }
    try transaction.setting(body.fields, in: Collections.endpointValidations, by(id))
  }

  package static func delete(_ id: String, in transaction: inout Transaction) throws(Refusal) {
    guard transaction.delete(from: Collections.endpointValidations, by(id)) > 0 else {
      throw Refusal(400, "END019", "This endpoint has no validation")
    }
  }

  private static func by(_ id: String) -> Filter { .fields(["endpoint_id": id]) }

  /// What no body could be checked against, as a sentence.
  private static func fault(of schema: JSONValue?) -> String? {
    schema?.object?["validation_schema"]?.object.flatMap { faultOfRules($0, at: "") }
  }

  private static func faultOfRules(_ rules: JSONObject, at path: String) -> String? {
    for member in rules.members {
      let place = path.isEmpty ? member.key : "\(path).\(member.key)"
      guard !member.key.isEmpty else { return "validation_schema has an empty field path" }
      if let rule = member.value.object, let fault = faultOfRule(rule, at: place) { return fault }
    }
    return nil
  }

  private static func faultOfRule(_ rule: JSONObject, at path: String) -> String? {
    if let type = rule["type"]?.string, !types.containsBytes(of: type) {
      return "'\(path)' has the type '\(type)'; it must be one of \(types.sorted().joined(separator: ", "))"
    }
    if let minimum = rule["min"]?.number, let maximum = rule["max"]?.number, minimum.double > maximum.double {
      return "'\(path)' has a min above its max: no body could pass"
    }
    if let pattern = rule["pattern"]?.string, (try? Regex(pattern)) == nil {
      return "'\(path)' has a pattern that is no regular expression"
    }
    if let nested = rule["nested_schema"]?.object, let fault = faultOfRules(nested, at: path) { return fault }
    return rule["array_items"]?.object.flatMap { faultOfRule($0, at: "\(path)[]") }
  }
}
