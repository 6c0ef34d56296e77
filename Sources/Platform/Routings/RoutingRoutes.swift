import DocumentStore
import HTTPTypes
import JSON
import Model
import Resources
import Rules

/// `/platform/routing`
enum RoutingRoutes {
  static let routes: [Route] = [
    Route(
      .post, "/platform/routing", "Create a routing", .permission(.manageRoutings, "RTG009"),
      body: .model(Routings.createBody), success: 201, failures: [400: ["RTG001"], 403: ["RTG009"]]
    ) { call, platform in
      let body = try call.requiredBody()
      let key = try await platform.write { (transaction) throws in try Routings.create(body.fields, in: &transaction)
      }
      return .message("Routing created with the client_key '\(key)'", status: 201)
    },
    Route(
      .get, "/platform/routing/all", "List routings", .permission(.manageRoutings, "RTG012"), query: Route.paging,
      failures: [400: ["PAG001"], 403: ["RTG012"]]
    ) { call, platform in
      .data(
        try call.page(platform).list(
          "routings", of: Collections.routings, by: .insertion, in: platform.store.snapshot()))
    },
    Route(
      .get, "/platform/routing/{client_key}", "Read a routing", .permission(.manageRoutings, "RTG013"),
      failures: [400: ["RTG004"], 403: ["RTG013"]]
    ) { call, platform in
      .data(try Routings.read(call.parameter("client_key"), in: platform.store.snapshot()))
    },
    Route(
      .put, "/platform/routing/{client_key}", "Change a routing", .permission(.manageRoutings, "RTG010"),
      body: .model(Routings.updateBody), failures: [400: ["RTG004", "RTG005"], 403: ["RTG010"]]
    ) { call, platform in
      let body = try call.requiredBody()
      try await platform.write { (transaction) throws in
        try Routings.update(call.parameter("client_key"), body.changes, in: &transaction)
      }
      return .message("Routing updated")
    },
    Route(
      .delete, "/platform/routing/{client_key}", "Delete a routing", .permission(.manageRoutings, "RTG011"),
      failures: [400: ["RTG004"], 403: ["RTG011"]]
    ) { call, platform in
      try await platform.write { (transaction) throws in
        try Routings.delete(call.parameter("client_key"), in: &transaction)
      }
      return .message("Routing deleted")
    },
  ]
}
