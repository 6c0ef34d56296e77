import HTTPAPI
import JSON
import Model
import Rules

extension Roles {
  /// The body of a request that creates a role.
  static let createBody = BodyModel(
    "CreateRoleModel",
    [
      .name("role_name", .required, length: 1...50, .segment(taken: ["all"])),
      .string("role_description", .optional, length: 0...255),
    ] + Permission.allCases.map { .boolean($0.rawValue, .default(false)) })

  /// The body of a request that changes a role. Fields that are absent or null stay as they are.
  static let updateBody = BodyModel(
    "UpdateRoleModel",
    [
      .string("role_name", .optional, length: 1...50),
      .string("role_description", .optional, length: 1...255),
    ] + Permission.allCases.map { .boolean($0.rawValue, .optional) })
}
