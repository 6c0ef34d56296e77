import HTTPAPI
import JSON
import Rules

extension Endpoints {
  /// The body of a request that creates an endpoint.
  static let createBody = BodyModel(
    "CreateEndpointModel",
    [
      .string("api_name", .required, length: APIs.nameLength),
      .string("api_version", .required, length: 1...10),
      .name("endpoint_method", .required, length: 1...10),
      .name("endpoint_uri", .required, length: 1...255, .path),
      .string("endpoint_description", .required, length: 1...255),
      .strings("endpoint_servers", .optional),
      .name("client_uri", .optional, length: 1...255, .path),
      .string("api_id", .optional),
      .string("endpoint_id", .optional),
    ])

  /// The body of a request that changes an endpoint. Fields that are absent or null stay as they are.
  static let updateBody = BodyModel(
    "UpdateEndpointModel",
    [
      .string("api_name", .optional, length: APIs.nameLength),
      .string("api_version", .optional, length: 1...10),
      .string("endpoint_method", .optional, length: 1...10),
      .string("endpoint_uri", .optional, length: 1...255),
      .string("endpoint_description", .optional, length: 1...255),
      .strings("endpoint_servers", .optional),
      .string("client_uri", .optional, length: 1...255),
      .string("api_id", .optional, length: 1...255),
      .string("endpoint_id", .optional, length: 1...255),
    ])
}
