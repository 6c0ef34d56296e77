import HTTPAPI
import JSON
import Rules

extension Routings {
  /// The body of a request that creates a routing.
  static let createBody = BodyModel(
    "CreateRoutingModel",
    [
      .string("routing_name", .required, length: 1...50),
      .strings("routing_servers", .required, minimumItems: 1),
      .string("routing_description", .optional, length: 0...255),
      .name("client_key", .optional, length: 1...50, .fieldValue(taken: ["all"])),
      .integer("server_index", .default(0), minimum: 0, nullable: true),
    ])

  /// The body of a request that changes a routing. Fields that are absent or null stay as they are.
  static let updateBody = BodyModel(
    "UpdateRoutingModel",
    [
      .string("routing_name", .optional, length: 1...50),
      .strings("routing_servers", .optional, minimumItems: 1),
      .string("routing_description", .optional, length: 0...255),
      .string("client_key", .optional, length: 1...50),
      .integer("server_index", .optional, minimum: 0),
    ])
}
