import JSON
package import Rules

extension Groups {
  /// What makes a group.
  package static let createBody = BodyModel(
    "CreateGroupModel",
    [
      .name("group_name", .required, length: 1...50, .segment(taken: ["all"])),
      .string("group_description", .optional, length: 0...255),
      .strings("api_access", .default([]), nullable: true),
    ])

  /// What changes a group; fields that are absent or null stay as they are.
  package static let updateBody = BodyModel(
    "UpdateGroupModel",
    [
      .string("group_name", .optional, length: 1...50),
      .string("group_description", .optional, length: 1...255),
      .strings("api_access", .optional),
    ])
}
