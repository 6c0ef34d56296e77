import JSON

extension OpenAPIDocument {
  /// The JSON schema of a model. Nested models are references.
  func schema(of model: BodyModel) -> JSONValue {
    let required = model.fields.filter { if case .required = $0.presence { true } else { false } }.map(\.name)
    var schema: JSONObject = [
      "type": "object",
      "properties": .object(JSONObject(model.fields.map { ($0.name, property($0)) })),
    ]
    if !required.isEmpty { schema["required"] = .strings(required) }
    return .object(schema)
  }

  /// Collects a model and all models that it refers to.
  func gather(_ model: BodyModel, into models: inout [String: BodyModel]) {
    guard models[model.name] == nil else { return }
    models[model.name] = model
    for field in model.fields {
      switch field.kind {
      case .model(let nested), .map(let nested): gather(nested(), into: &models)
      default: break
      }
    }
  }

  private func property(_ field: BodyField) -> JSONValue {
    var property = type(of: field.kind)
    if let length = field.length {
      property["minLength"] = .integer(length.lowerBound)
      if length.upperBound != .max { property["maxLength"] = .integer(length.upperBound) }
    }
    if let minimum = field.minimum { property["minimum"] = .integer(minimum) }
    if let (above, most) = field.within {
      property["exclusiveMinimum"] = .integer(above)
      property["maximum"] = .integer(most)
    }
    if let items = field.minimumItems { property["minItems"] = .integer(items) }
    if case .default(let value) = field.presence { property["default"] = value }
    guard field.isNullable else { return .object(property) }
    if let type = property["type"] {
      property["type"] = [type, "null"]
      return .object(property)
    }
    return property.isEmpty ? .object(property) : ["anyOf": [.object(property), ["type": "null"]]]
  }

  private func type(of kind: BodyField.Kind) -> JSONObject {
    switch kind {
    case .any: [:]
    case .string: ["type": "string"]
    case .integer: ["type": "integer"]
    case .number: ["type": "number"]
    case .boolean: ["type": "boolean"]
    case .object: ["type": "object"]
    case .array(let element): ["type": "array", "items": .object(type(of: element))]
    case .model(let model): ["$ref": .string("#/components/schemas/\(model().name)")]
    case .map(let model):
      ["type": "object", "additionalProperties": ["$ref": .string("#/components/schemas/\(model().name)")]]
    }
  }
}
