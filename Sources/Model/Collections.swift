package import DocumentStore

/// The collections of the store, with the indexes that their rules need.
package enum Collections {
  /// Users.
  package static let users = "users"
  /// APIs.
  package static let apis = "apis"
  /// Endpoints of APIs.
  package static let endpoints = "endpoints"
  /// Groups of users.
  package static let groups = "groups"
  /// Roles of users.
  package static let roles = "roles"
  /// Subscriptions of users to APIs.
  package static let subscriptions = "subscriptions"
  /// Routings to other servers.
  package static let routings = "routings"
  /// Validations of bodies for endpoints.
  package static let endpointValidations = "endpoint_validations"
  /// Saved settings.
  package static let settings = "settings"
  /// Revocations of tokens.
  package static let revocations = "revocations"
  /// Credits of users.
  package static let userCredits = "user_credits"
  /// Tiers of users.
  package static let userTierAssignments = "user_tier_assignments"

  /// All collections, in the order in which dumps hold them.
  package static let schemas: [CollectionSchema] = [
    CollectionSchema(users, unique: [["username"], ["email"]], orders: [.field("username")]),
    CollectionSchema(apis, unique: [["api_name", "api_version"]], secondary: [["api_id"]], orders: [.insertion]),
    CollectionSchema(
      endpoints, unique: [["api_name", "api_version", "endpoint_method", "endpoint_uri"]],
      secondary: [["api_name", "api_version"], ["endpoint_id"]]),
    CollectionSchema(groups, unique: [["group_name"]], orders: [.field("group_name")]),
    CollectionSchema(roles, unique: [["role_name"]], orders: [.field("role_name")]),
    CollectionSchema(subscriptions, unique: [["username"]]),
    CollectionSchema(routings, unique: [["client_key"]], orders: [.insertion]),
    CollectionSchema("credit_defs", unique: [["api_credit_group"]]),
    CollectionSchema(userCredits, unique: [["username"]]),
    CollectionSchema(endpointValidations, unique: [["endpoint_id"]]),
    CollectionSchema(settings, unique: [["type"]]),
    CollectionSchema(revocations, secondary: [["username"], ["jti"]]),
    CollectionSchema("vault_entries", secondary: [["username"]]),
    CollectionSchema("tiers", unique: [["tier_id"]]),
    CollectionSchema(userTierAssignments, secondary: [["user_id"]]),
    CollectionSchema("rate_limit_rules", unique: [["rule_id"]]),
  ]
}
