import DocumentStore
import HTTPAPI
import HTTPTypes
import JSON
import Model
import Rules

/// `/platform/routing`
enum RoutingRoutes {
  static let routes: [Route] = [
    Route(
      .post, "/platform/routing", "Create a routing", .permission(.manageRoutings, "RTG009"),
      body: .model(Routings.createBody), success: 201, failures: [400: ["RTG001", "RTG014"]]
    ) { call in
      let fields = try call.requiredBody().fields
      let key = try await call.write { try Routings.create(fields, in: &$0) }
      return .message("Routing created with the client_key '\(key)'", status: 201)
    },
    .list(
      "/platform/routing/all", "List routings", .permission(.manageRoutings, "RTG012"), "routings",
      of: Collections.routings, by: .insertion),
    .read(
      "/platform/routing/{client_key}", "Read a routing", .permission(.manageRoutings, "RTG013"),
      failures: [400: ["RTG004"]]
    ) { call in try Routings.read(call.parameter("client_key"), in: call.state) },
    .change(
      "/platform/routing/{client_key}", "Change a routing", .permission(.manageRoutings, "RTG010"),
      body: Routings.updateBody, failures: [400: ["RTG004", "RTG005", "RTG014"]], message: "Routing updated"
    ) { call, changes, transaction in
      try Routings.update(call.parameter("client_key"), changes, in: &transaction)
    },
    .delete(
      "/platform/routing/{client_key}", "Delete a routing", .permission(.manageRoutings, "RTG011"),
      failures: [400: ["RTG004"]], message: "Routing deleted"
    ) { call, transaction in try Routings.delete(call.parameter("client_key"), in: &transaction) },
  ]
}
