import HTTPAPI
import JSON
import Rules

extension Groups {
  /// The body of a request that creates a group.
  static let createBody = BodyModel(
    "CreateGroupModel",
    [
      .name("group_name", .required, length: 1...50, .segment(taken: ["all"])),
      .string("group_description", .optional, length: 0...255),
      .strings("api_access", .default([]), nullable: true),
    ])

  /// The body of a request that changes a group. Fields that are absent or null stay as they are.
  static let updateBody = BodyModel(
    "UpdateGroupModel",
    [
      .string("group_name", .optional, length: 1...50),
      .string("group_description", .optional, length: 1...255),
      .strings("api_access", .optional),
    ])
}
