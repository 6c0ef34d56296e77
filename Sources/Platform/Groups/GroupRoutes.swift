import DocumentStore
import HTTPAPI
import JSON
import Model
import Rules

/// `/platform/group`
enum GroupRoutes {
  static let routes: [Route] = [
    .create(
      "/platform/group", "Create a group", .permission(.manageGroups, "GRP008"), body: Groups.createBody,
      failures: [400: ["GRP001"]], message: "Group created"
    ) { _, fields, transaction in try Groups.create(fields, in: &transaction) },
    .list(
      "/platform/group/all", "List groups by name", .user(), "groups", of: Collections.groups, by: .field("group_name")),
    .read("/platform/group/{group_name}", "Read a group", .user(), failures: [404: ["GRP003"]]) { call in
      try Groups.read(call.parameter("group_name"), in: call.state)
    },
    .change(
      "/platform/group/{group_name}", "Change a group", .permission(.manageGroups, "GRP009"), body: Groups.updateBody,
      failures: [400: ["GRP003", "GRP004"]], message: "Group updated"
    ) { call, changes, transaction in
      try Groups.update(call.parameter("group_name"), changes, in: &transaction)
    },
    .delete(
      "/platform/group/{group_name}", "Delete a group", .permission(.manageGroups, "GRP010"),
      failures: [400: ["GRP003"]], message: "Group deleted"
    ) { call, transaction in try Groups.delete(call.parameter("group_name"), in: &transaction) },
  ]
}
