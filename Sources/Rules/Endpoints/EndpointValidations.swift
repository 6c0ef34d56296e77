package import DocumentStore
package import JSON
import Model

/// Rules of endpoint validations. A validation says what a JSON body must look like before it goes to the upstream of
/// an endpoint.
package enum EndpointValidations {
  /// The types that a field of a body can be checked for.
  package static let types = ["string", "number", "integer", "boolean", "array", "object"]

  /// The fields of a validation that leave the server.
  ///
  /// - Throws: `END018` when the endpoint has none.
  package static func read(_ id: String, in reader: some DocumentReader) throws(RuleViolation) -> JSONObject {
    guard let validation = reader.first(in: Collections.endpointValidations, by(id)) else {
      throw RuleViolation("END018", "This endpoint has no validation")
    }
    return validation.object.removing("_id")
  }

  /// Creates the validation of an endpoint.
  ///
  /// - Throws: `END015` when there is no such endpoint; `END014` when it has a validation; `END016` for a schema that
  ///   no body could be checked against.
  package static func create(_ fields: JSONObject, in transaction: inout Transaction) throws(RuleViolation) {
    let id = try fields.required("endpoint_id")
    guard transaction.first(in: Collections.endpoints, by(id)) != nil else {
      throw RuleViolation("END015", "There is no endpoint with this endpoint_id")
    }
    guard transaction.first(in: Collections.endpointValidations, by(id)) == nil else {
      throw RuleViolation("END014", "This endpoint has a validation already; change that one")
    }
    if let fault = fault(of: fields["validation_schema"]) { throw RuleViolation("END016", fault) }
    try transaction.inserting(fields, into: Collections.endpointValidations)
  }

  /// Changes the validation of an endpoint.
  ///
  /// - Throws: `END020` when the endpoint has none; `END021` for a schema that no body could be checked against.
  package static func update(_ id: String, _ changes: JSONObject, in transaction: inout Transaction)
    throws(RuleViolation)
  {
    guard transaction.first(in: Collections.endpointValidations, by(id)) != nil else {
      throw RuleViolation("END020", "This endpoint has no validation; create one first")
    }
    if let fault = fault(of: changes["validation_schema"]) { throw RuleViolation("END021", fault) }
    try transaction.setting(changes, in: Collections.endpointValidations, by(id))
  }

  /// Deletes the validation of an endpoint.
  ///
  /// - Throws: `END019` when the endpoint has none.
  package static func delete(_ id: String, in transaction: inout Transaction) throws(RuleViolation) {
    guard transaction.delete(from: Collections.endpointValidations, by(id)) > 0 else {
      throw RuleViolation("END019", "This endpoint has no validation")
    }
  }

  private static func by(_ id: String) -> Filter { .fields(["endpoint_id": id]) }

  /// The reason why no body could be checked against a schema, as a sentence.
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
