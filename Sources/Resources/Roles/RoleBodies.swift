import JSON
import Model
package import Rules

extension Roles {
  /// What makes a role.
  package static let createBody = BodyModel(
    "CreateRoleModel",
    [
      .name("role_name", .required, length: 1...50, .segment(taken: ["all"])),
      .string("role_description", .optional, length: 0...255),
    ] + Permission.allCases.map { .boolean($0.rawValue, .default(false)) })

  /// What changes a role; fields that are absent or null stay as they are.
  package static let updateBody = BodyModel(
    "UpdateRoleModel",
    [
      .string("role_name", .optional, length: 1...50),
      .string("role_description", .optional, length: 1...255),
    ] + Permission.allCases.map { .boolean($0.rawValue, .optional) })
}
