import DocumentStore
import HTTPTypes
import JSON
import Model
import Resources
import Rules

/// `/platform/api`
enum APIRoutes {
  static let routes: [Route] = [
    Route(
      .post, "/platform/api", "Create an API", .permission(.manageAPIs, "API007"), body: .model(APIs.createBody),
      success: 201, failures: [400: ["API002", "API013"], 403: ["API007"]]
    ) { call, platform in
      let body = try call.requiredBody()
      let api = try await platform.write { (transaction) throws in try APIs.create(body.fields, in: &transaction) }
      guard let api else { return .message("This API exists already, with the same fields") }
      return .data(["api": .object(api)], status: 201)
    },
    list("/platform/api/all"),
    list("/platform/api"),
    Route(.get, "/platform/api/{api_name}/{api_version}", "Read an API", .user(), failures: [400: ["API003"]]) {
      call, platform in
      .data(
        try APIs.read(call.parameter("api_name"), call.parameter("api_version"), in: platform.store.snapshot()))
    },
    Route(
      .put, "/platform/api/{api_name}/{api_version}", "Change an API", .permission(.manageAPIs, "API008"),
      body: .model(APIs.updateBody), failures: [400: ["API003", "API005", "API013"], 403: ["API008"]]
    ) { call, platform in
      let body = try call.requiredBody()
      try await platform.write { (transaction) throws in
        try APIs.update(call.parameter("api_name"), call.parameter("api_version"), body.changes, in: &transaction)
      }
      return .message("API updated")
    },
    Route(
      .delete, "/platform/api/{api_name}/{api_version}", "Delete an API with its endpoints",
      .permission(.manageAPIs, "API008"), failures: [400: ["API003"], 403: ["API008"]]
    ) { call, platform in
      try await platform.write { (transaction) throws in
        try APIs.delete(call.parameter("api_name"), call.parameter("api_version"), in: &transaction)
      }
      return .message("API deleted")
    },
  ]

  private static func list(_ path: String) -> Route {
    Route(.get, path, "List APIs", .user(), query: Route.paging, failures: [400: ["PAG001"]]) { call, platform in
      .data(
        try call.page(platform).list("apis", of: Collections.apis, by: .insertion, in: platform.store.snapshot()))
    }
  }
}
