import JSON
package import Rules

extension EndpointValidations {
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
}
