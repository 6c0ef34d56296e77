import DocumentStore
import HTTPAPI
import HTTPTypes
import JSON
import Model
import Rules

/// `/platform/api`
enum APIRoutes {
  static let routes: [Route] = [
    Route(
      .post, "/platform/api", "Create an API", .permission(.manageAPIs, "API007"), body: .model(APIs.createBody),
      success: 201, failures: [400: ["API002", "API013", "API016"]]
    ) { call in
      let fields = try call.requiredBody().fields
      guard let api = try await call.write({ try APIs.create(fields, in: &$0) }) else {
        return .message("This API exists already, with the same fields")
      }
      return .data(["api": .object(api)], status: 201)
    },
    list("/platform/api/all"),
    list("/platform/api"),
    .read(path, "Read an API", .user(), failures: [400: ["API003"]]) { call in
      try APIs.read(call.parameter("api_name"), call.parameter("api_version"), in: call.state)
    },
    .change(
      path, "Change an API", .permission(.manageAPIs, "API008"), body: APIs.updateBody,
      failures: [400: ["API003", "API005", "API013", "API016"]], message: "API updated"
    ) { call, changes, transaction in
      try APIs.update(call.parameter("api_name"), call.parameter("api_version"), changes, in: &transaction)
    },
    .delete(
      path, "Delete an API with its endpoints", .permission(.manageAPIs, "API008"), failures: [400: ["API003"]],
      message: "API deleted"
    ) { call, transaction in
      try APIs.delete(call.parameter("api_name"), call.parameter("api_version"), in: &transaction)
    },
  ]

  private static let path = "/platform/api/{api_name}/{api_version}"

  private static func list(_ path: String) -> Route {
    .list(path, "List APIs", .user(), "apis", of: Collections.apis, by: .insertion)
  }
}
