import DocumentStore
import HTTPAPI
import JSON
import Model
import Rules

/// `/platform/endpoint`
enum EndpointRoutes {
  static let routes: [Route] = [
    .create(
      "/platform/endpoint", "Create an endpoint", .permission(.manageEndpoints, "END010"), body: Endpoints.createBody,
      failures: [400: ["END001", "END002", "END024"]], message: "Endpoint created"
    ) { _, fields, transaction in _ = try Endpoints.create(fields, in: &transaction) },
    .read(
      "/platform/endpoint/{api_name}/{api_version}", "List an API's endpoints", .user(), failures: [400: ["END005"]],
      readsMuch: true
    ) { call in
      try Endpoints.list(ofAPI: call.parameter("api_name"), call.parameter("api_version"), in: call.state)
    },
    .read(path, "Read an endpoint", .user(), failures: [400: ["END004"], 404: ["END004"]]) { call in
      let key = try key(call)
      if let endpoint = Endpoints.find(key, in: call.state) { return endpoint.object.removing("_id") }
      guard Endpoints.isRegistered(uriOf: key, in: call.state) else {
        throw APIError(400, "END004", "There is no such endpoint")
      }
      throw APIError(404, "END004", "The endpoint is not registered for the method \(key.method)")
    },
    .change(
      path, "Change an endpoint", .permission(.manageEndpoints, "END011"), body: Endpoints.updateBody,
      failures: [400: ["END003", "END006", "END007", "END024"]], message: "Endpoint updated"
    ) { call, changes, transaction in try Endpoints.update(key(call), changes, in: &transaction) },
    .delete(
      path, "Delete an endpoint", .permission(.manageEndpoints, "END012"), failures: [400: ["END004"]],
      message: "Endpoint deleted"
    ) { call, transaction in try Endpoints.delete(key(call), in: &transaction) },
  ]

  private static let path = "/platform/endpoint/{endpoint_method}/{api_name}/{api_version}/{endpoint_uri:path}"

  private static func key(_ call: Call) throws(APIError) -> Endpoints.Key {
    try Endpoints.Key(
      method: call.parameter("endpoint_method"), apiName: call.parameter("api_name"),
      apiVersion: call.parameter("api_version"), uri: call.parameter("endpoint_uri"))
  }
}
