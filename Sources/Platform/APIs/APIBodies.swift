import HTTPAPI
import JSON
import Rules

extension APIs {
  /// The length of an API's name, in every body that names an API.
  static let nameLength = 1...64
  /// The length of an API's version. Other bodies allow at least as much.
  static let versionLength = 1...8

  /// The body of a request that creates an API.
  static let createBody = BodyModel(
    "CreateApiModel",
    [
      .name("api_name", .required, length: nameLength, .plainSegment),
      .name("api_version", .required, length: versionLength, .plainSegment),
      .string("api_description", .optional, length: 0...127),
      .strings("api_allowed_roles", .default([])),
      .strings("api_allowed_groups", .default([])),
      .strings("api_servers", .default([])),
      .string("api_type", .optional),
      .integer("api_allowed_retry_count", .default(0)),
      .string("api_grpc_package", .optional),
      .strings("api_grpc_allowed_packages", .optional),
      .strings("api_grpc_allowed_services", .optional),
      .strings("api_grpc_allowed_methods", .optional),
      .string("api_authorization_field_swap", .optional),
      .strings("api_allowed_headers", .optional),
      .boolean("api_credits_enabled", .default(false), nullable: true),
      .string("api_credit_group", .optional),
      .boolean("active", .default(true), nullable: true),
      .strings("api_cors_allow_origins", .optional),
      .strings("api_cors_allow_methods", .optional),
      .strings("api_cors_allow_headers", .optional),
      .boolean("api_cors_allow_credentials", .default(false), nullable: true),
      .strings("api_cors_expose_headers", .optional),
      .boolean("api_public", .default(false), nullable: true),
      .boolean("api_auth_required", .default(true), nullable: true),
      .string("api_id", .optional),
      .string("api_path", .optional),
      .string("api_ip_mode", .default("allow_all"), nullable: true),
      .strings("api_ip_whitelist", .optional),
      .strings("api_ip_blacklist", .optional),
      .boolean("api_trust_x_forwarded_for", .optional),
      .object("api_request_transform", .optional),
      .object("api_response_transform", .optional),
      .string("api_openapi_url", .optional),
      .boolean("api_openapi_auto_discover", .default(false), nullable: true),
      .string("api_wsdl_url", .optional),
      .string("api_soap_version", .optional),
      .object("api_ws_security", .optional),
      .integer("api_graphql_max_depth", .optional),
      .string("api_graphql_schema_url", .optional),
      .boolean("api_graphql_subscriptions", .default(false), nullable: true),
      .boolean("api_grpc_web_enabled", .default(false), nullable: true),
      .string("api_grpc_reflection_url", .optional),
      .boolean("api_is_crud", .default(false), nullable: true),
      .string("api_crud_collection", .optional),
      .object("api_crud_schema", .optional),
    ] + timeouts)

  /// The body of a request that changes an API. Fields that are absent or null stay as they are.
  static let updateBody = BodyModel(
    "UpdateApiModel",
    [
      .string("api_name", .optional, length: nameLength),
      .string("api_version", .optional, length: versionLength),
      .string("api_description", .optional, length: 0...127),
      .strings("api_allowed_roles", .optional),
      .strings("api_allowed_groups", .optional),
      .strings("api_servers", .optional),
      .string("api_type", .optional),
      .string("api_authorization_field_swap", .optional),
      .strings("api_allowed_headers", .optional),
      .integer("api_allowed_retry_count", .optional),
      .string("api_grpc_package", .optional),
      .strings("api_grpc_allowed_packages", .optional),
      .strings("api_grpc_allowed_services", .optional),
      .strings("api_grpc_allowed_methods", .optional),
      .boolean("api_credits_enabled", .optional),
      .string("api_credit_group", .optional),
      .boolean("active", .optional),
      .string("api_id", .optional),
      .string("api_path", .optional),
      .strings("api_cors_allow_origins", .optional),
      .strings("api_cors_allow_methods", .optional),
      .strings("api_cors_allow_headers", .optional),
      .boolean("api_cors_allow_credentials", .optional),
      .strings("api_cors_expose_headers", .optional),
      .boolean("api_public", .optional),
      .boolean("api_auth_required", .optional),
      .string("api_ip_mode", .optional),
      .strings("api_ip_whitelist", .optional),
      .strings("api_ip_blacklist", .optional),
      .boolean("api_trust_x_forwarded_for", .optional),
      .object("api_request_transform", .optional),
      .object("api_response_transform", .optional),
      .string("api_openapi_url", .optional),
      .boolean("api_openapi_auto_discover", .optional),
      .string("api_wsdl_url", .optional),
      .string("api_soap_version", .optional),
      .object("api_ws_security", .optional),
      .integer("api_graphql_max_depth", .optional),
      .string("api_graphql_schema_url", .optional),
      .boolean("api_graphql_subscriptions", .optional),
      .boolean("api_grpc_web_enabled", .optional),
      .string("api_grpc_reflection_url", .optional),
      .boolean("api_is_crud", .optional),
      .string("api_crud_collection", .optional),
      .object("api_crud_schema", .optional),
    ] + timeouts)

  /// The times that the servers of an API have. An API without its own has those of the gateway.
  private static let timeouts = APIs.timeoutFields.map { BodyField.seconds($0, .omittable) }
}
