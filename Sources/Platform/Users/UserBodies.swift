import HTTPAPI
import JSON
import Rules

extension Users {
  /// The body of a request that creates a user.
  static let createBody = BodyModel(
    "CreateUserModel",
    [
      .name("username", .required, length: 3...50, .segment(taken: ["all"])),
      .string("email", .required, length: 3...127),
      .string("password", .required, length: 16...50),
      .string("role", .required, length: 2...50),
      .strings("groups", .default([])),
    ] + sharedFields + [
      .string("bandwidth_limit_window", .default("day"), length: 1...10, nullable: true),
      .boolean("bandwidth_limit_enabled", .optional),
      .boolean("active", .default(true), nullable: true),
      .boolean("ui_access", .default(false), nullable: true),
    ])

  /// The fields that both bodies have alike: the limits of a user, and its own attributes.
  private static let sharedFields: [BodyField] = [
    .integer("rate_limit_duration", .optional, minimum: 0),
    .string("rate_limit_duration_type", .optional, length: 1...7),
    .boolean("rate_limit_enabled", .optional),
    .integer("throttle_duration", .optional, minimum: 0),
    .string("throttle_duration_type", .optional, length: 1...7),
    .integer("throttle_wait_duration", .optional, minimum: 0),
    .string("throttle_wait_duration_type", .optional, length: 1...7),
    .integer("throttle_queue_limit", .optional, minimum: 0),
    .boolean("throttle_enabled", .optional),
    .object("custom_attributes", .optional),
    .integer("bandwidth_limit_bytes", .optional, minimum: 0),
  ]

  /// The body of a request that changes a user. Fields that are absent or null stay as they are.
  static let updateBody = BodyModel(
    "UpdateUserModel",
    [
      .name("username", .optional, length: 3...50, .segment(taken: ["all"])),
      .string("email", .optional, length: 3...127),
      .string("password", .optional, length: 6...50),
      .string("role", .optional, length: 2...50),
      .strings("groups", .optional),
    ] + sharedFields + [
      .string("bandwidth_limit_window", .optional, length: 1...10),
      .boolean("bandwidth_limit_enabled", .optional),
      .boolean("active", .optional),
      .boolean("ui_access", .optional),
    ])

  /// A new password.
  static let passwordBody = BodyModel(
    "UpdatePasswordModel",
    [
      .string("new_password", .required, length: 6...36)
    ])
}
