import DocumentStore
import HTTPTypes
import JSON
import Model
import Resources
import Rules

/// `/platform/endpoint`
enum EndpointRoutes {
  static let routes: [Route] = [
    Route(
      .post, "/platform/endpoint", "Create an endpoint", .permission(.manageEndpoints, "END010"),
      body: .model(Endpoints.createBody), success: 201, failures: [400: ["END001", "END002"], 403: ["END010"]]
    ) { call, platform in
      let body = try call.requiredBody()
      try await platform.write { (transaction) throws in try Endpoints.create(body.fields, in: &transaction) }
      return .message("Endpoint created", status: 201)
    },
    Route(
      .get, "/platform/endpoint/{api_name}/{api_version}", "List an API's endpoints", .user(),
      failures: [400: ["END005"]]
    ) { call, platform in
      .data(
        try Endpoints.list(
          ofAPI: call.parameter("api_name"), call.parameter("api_version"), in: platform.store.snapshot()))
    },
    Route(.get, path, "Read an endpoint", .user(), failures: [400: ["END004"], 404: ["END004"]]) { call, platform in
      let (key, snapshot) = (try key(call), platform.store.snapshot())
      if let endpoint = Endpoints.find(key, in: snapshot) { return .data(endpoint.object.removing("_id")) }
      guard Endpoints.isRegistered(uriOf: key, in: snapshot) else {
        throw Refusal(400, "END004", "There is no such endpoint")
      }
      throw Refusal(404, "END004", "The endpoint is not registered for the method \(key.method)")
    },
    Route(
      .put, path, "Change an endpoint", .permission(.manageEndpoints, "END011"),
      body: .model(Endpoints.updateBody), failures: [400: ["END003", "END006"], 403: ["END011"]]
    ) { call, platform in
      let body = try call.requiredBody()
      try await platform.write { (transaction) throws in
        try Endpoints.update(key(call), body.changes, in: &transaction)
      }
      return .message("Endpoint updated")
    },
    Route(
      .delete, path, "Delete an endpoint", .permission(.manageEndpoints, "END012"),
      failures: [400: ["END004"], 403: ["END012"]]
    ) { call, platform in
      try await platform.write { (transaction) throws in try Endpoints.delete(key(call), in: &transaction) }
      return .message("Endpoint deleted")
    },
  ]

  private static let path = "/platform/endpoint/{endpoint_method}/{api_name}/{api_version}/{endpoint_uri:path}"

  private static func key(_ call: Call) throws(Refusal) -> Endpoints.Key {
    try Endpoints.Key(
      method: call.parameter("endpoint_method"), apiName: call.parameter("api_name"),
      apiVersion: call.parameter("api_version"), uri: call.parameter("endpoint_uri"))
  }
}
