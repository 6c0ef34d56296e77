import DocumentStore
import HTTPTypes
import JSON
import Model
import Resources
import Rules

/// `/platform/group`
enum GroupRoutes {
  static let routes: [Route] = [
    Route(
      .post, "/platform/group", "Create a group", .permission(.manageGroups, "GRP008"),
      body: .model(Groups.createBody), success: 201, failures: [400: ["GRP001"], 403: ["GRP008"]]
    ) { call, platform in
      let body = try call.requiredBody()
      try await platform.write { (transaction) throws in try Groups.create(body.fields, in: &transaction) }
      return .message("Group created", status: 201)
    },
    Route(
      .get, "/platform/group/all", "List groups by name", .user(), query: Route.paging, failures: [400: ["PAG001"]]
    ) { call, platform in
      .data(
        try call.page(platform).list(
          "groups", of: Collections.groups, by: .field("group_name"), in: platform.store.snapshot()))
    },
    Route(.get, "/platform/group/{group_name}", "Read a group", .user(), failures: [404: ["GRP003"]]) {
      call, platform in
      .data(try Groups.read(call.parameter("group_name"), in: platform.store.snapshot()))
    },
    Route(
      .put, "/platform/group/{group_name}", "Change a group", .permission(.manageGroups, "GRP009"),
      body: .model(Groups.updateBody), failures: [400: ["GRP003", "GRP004"], 403: ["GRP009"]]
    ) { call, platform in
      let body = try call.requiredBody()
      try await platform.write { (transaction) throws in
        try Groups.update(call.parameter("group_name"), body.changes, in: &transaction)
      }
      return .message("Group updated")
    },
    Route(
      .delete, "/platform/group/{group_name}", "Delete a group", .permission(.manageGroups, "GRP010"),
      failures: [400: ["GRP003"], 403: ["GRP010"]]
    ) { call, platform in
      try await platform.write { (transaction) throws in
        try Groups.delete(call.parameter("group_name"), in: &transaction)
      }
      return .message("Group deleted")
    },
  ]
}
