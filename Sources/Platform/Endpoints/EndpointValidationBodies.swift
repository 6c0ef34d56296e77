import HTTPAPI
import JSON
import Rules

extension EndpointValidations {
  static let createBody = BodyModel(
    "CreateEndpointValidationModel",
    [
      .string("endpoint_id", .required),
      .boolean("validation_enabled", .required),
      .model("validation_schema", .required) { schema },
    ])

  static let updateBody = BodyModel(
    "UpdateEndpointValidationModel",
    [
      .boolean("validation_enabled", .required),
      .model("validation_schema", .required) { schema },
    ])

  /// The rules of a validation, by field paths (`user.name`, `items[0].id`) to rules.
  static let schema: BodyModel = BodyModel("ValidationSchema", [.map("validation_schema", .required) { rule }])

  static let rule: BodyModel = BodyModel(
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
