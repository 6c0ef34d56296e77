import DocumentStore
import HTTPAPI
import HTTPTypes
import JSON
import Model
import Rules

/// `/platform/role`
enum RoleRoutes {
  static let routes: [Route] = [
    .create(
      "/platform/role", "Create a role", .permission(.manageRoles, "ROLE009"), body: Roles.createBody,
      failures: [400: ["ROLE001"], 403: ["ROLE013"]], message: "Role created"
    ) { call, fields, transaction in try Roles.create(fields, by: call.requester(), in: &transaction) },
    list("/platform/role/all"),
    list("/platform/role"),
    .read("/platform/role/{role_name}", "Read a role", .user(), failures: [404: ["ROLE004"]]) { call in
      try Roles.read(call.parameter("role_name"), by: call.requester(), in: call.state)
    },
    Route(
      .put, "/platform/role/{role_name}", "Change a role", .permission(.manageRoles, "ROLE010"),
      body: .model(Roles.updateBody), failures: [400: ["ROLE004", "ROLE005"], 403: ["ROLE014"]]
    ) { call in
      let changes = try call.requiredBody().changes
      return .data(
        try await call.write {
          try Roles.update(call.parameter("role_name"), changes, by: call.requester(), in: &$0)
        })
    },
    .delete(
      "/platform/role/{role_name}", "Delete a role", .permission(.manageRoles, "ROLE011"),
      failures: [400: ["ROLE004"], 403: ["ROLE016"]], message: "Role deleted"
    ) { call, transaction in
      try Roles.delete(call.parameter("role_name"), by: call.requester(), in: &transaction)
    },
  ]

  private static func list(_ path: String) -> Route {
    .list(
      path, "List roles by name", .user(), "roles", of: Collections.roles, by: .field("role_name"),
      hiding: { Roles.hidden(from: $0) })
  }
}
