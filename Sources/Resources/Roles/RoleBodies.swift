import JSON

extension Roles {
  /// What makes a role.
  package static let createBody = BodyModel(
    "CreateRoleModel",
    [
      .name("role_name", .required, length: 1...50, .segment(taken: ["all"])),
      .string("role_description", .optional, length: 0...255),
      .boolean("manage_users", .default(false)),
      .boolean("manage_apis", .default(false)),
      .boolean("manage_endpoints", .default(false)),
      .boolean("manage_groups", .default(false)),
      .boolean("manage_roles", .default(false)),
      .boolean("manage_routings", .default(false)),
      .boolean("manage_gateway", .default(false)),
      .boolean("manage_subscriptions", .default(false)),
      .boolean("manage_security", .default(false)),
      .boolean("manage_tiers", .default(false)),
      .boolean("manage_rate_limits", .default(false)),
      .boolean("manage_credits", .default(false)),
      .boolean("manage_auth", .default(false)),
      .boolean("view_analytics", .default(false)),
      .boolean("view_logs", .default(false)),
      .boolean("export_logs", .default(false)),
    ])

  /// What changes a role; fields that are absent or null stay as they are.
  package static let updateBody = BodyModel(
    "UpdateRoleModel",
    [
      .string("role_name", .optional, length: 1...50),
      .string("role_description", .optional, length: 1...255),
      .boolean("manage_users", .optional),
      .boolean("manage_apis", .optional),
      .boolean("manage_endpoints", .optional),
      .boolean("manage_groups", .optional),
      .boolean("manage_roles", .optional),
      .boolean("manage_routings", .optional),
      .boolean("manage_gateway", .optional),
      .boolean("manage_subscriptions", .optional),
      .boolean("manage_security", .optional),
      .boolean("manage_tiers", .optional),
      .boolean("manage_rate_limits", .optional),
      .boolean("manage_credits", .optional),
      .boolean("manage_auth", .optional),
      .boolean("view_analytics", .optional),
      .boolean("view_logs", .optional),
      .boolean("export_logs", .optional),
    ])
}
