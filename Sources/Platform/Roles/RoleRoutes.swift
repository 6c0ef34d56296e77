import DocumentStore
import HTTPTypes
import JSON
import Model
import Resources
import Rules

/// `/platform/role`
enum RoleRoutes {
  static let routes: [Route] = [
    Route(
      .post, "/platform/role", "Create a role", .permission(.manageRoles, "ROLE009"), body: .model(Roles.createBody),
      success: 201, failures: [400: ["ROLE001"], 403: ["ROLE009", "ROLE013"]]
    ) { call, platform in
      let (body, actor) = (try call.requiredBody(), try call.actor())
      try await platform.write { (transaction) throws in
        try Roles.create(body.fields, by: actor, in: &transaction)
      }
      return .message("Role created", status: 201)
    },
    list("/platform/role/all"),
    list("/platform/role"),
    Route(.get, "/platform/role/{role_name}", "Read a role", .user(), failures: [404: ["ROLE004"]]) { call, platform in
      .data(try Roles.read(call.parameter("role_name"), by: call.actor(), in: platform.store.snapshot()))
    },
    Route(
      .put, "/platform/role/{role_name}", "Change a role", .permission(.manageRoles, "ROLE010"),
      body: .model(Roles.updateBody), failures: [400: ["ROLE004", "ROLE005"], 403: ["ROLE010", "ROLE014"]]
    ) { call, platform in
      let (body, actor) = (try call.requiredBody(), try call.actor())
      return .data(
        try await platform.write { (transaction) throws in
          try Roles.update(call.parameter("role_name"), body.changes, by: actor, in: &transaction)
        })
    },
    Route(
      .delete, "/platform/role/{role_name}", "Delete a role", .permission(.manageRoles, "ROLE011"),
      failures: [400: ["ROLE004"], 403: ["ROLE011", "ROLE016"]]
    ) { call, platform in
      let actor = try call.actor()
      try await platform.write { (transaction) throws in
        try Roles.delete(call.parameter("role_name"), by: actor, in: &transaction)
      }
      return .message("Role deleted")
    },
  ]

  private static func list(_ path: String) -> Route {
    Route(
      .get, path, "List roles by name", .user(), query: Route.paging, failures: [400: ["PAG001"]]
    ) { call, platform in
      let page = try call.page(platform)
      return .data(
        page.list(
          "roles", of: Collections.roles, by: .field("role_name"), hiding: Roles.hidden(from: try call.actor()),
          in: platform.store.snapshot()))
    }
  }
}
