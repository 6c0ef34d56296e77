import DocumentStore
import HTTPTypes
import JSON
import Model
import Resources
import Rules

/// `/platform/endpoint/endpoint/validation`, and the same under the shorter path that the peer also has.
enum EndpointValidationRoutes {
  static let routes: [Route] =
    routes(under: "/platform/endpoint/endpoint/validation")
    + routes(under: "/platform/endpoint/validation")

  private static func routes(under path: String) -> [Route] {
    [
      Route(
        .post, path, "Create an endpoint's validation", .permission(.manageEndpoints, "END013"),
        body: .model(EndpointValidations.createBody), success: 201,
        failures: [400: ["END014", "END015", "END016"], 403: ["END013"]]
      ) { call, platform in
        let body = try call.requiredBody()
        try await platform.write { (transaction) throws in
          try EndpointValidations.create(body.fields, in: &transaction)
        }
        return .message("Endpoint validation created", status: 201)
      },
      Route(
        .get, "\(path)/{endpoint_id}", "Read an endpoint's validation", .user(), failures: [400: ["END018"]]
      ) { call, platform in
        .data(try EndpointValidations.read(call.parameter("endpoint_id"), in: platform.store.snapshot()))
      },
      Route(
        .put, "\(path)/{endpoint_id}", "Change an endpoint's validation", .permission(.manageEndpoints, "END014"),
        body: .model(EndpointValidations.updateBody), failures: [400: ["END020", "END021"], 403: ["END014"]]
      ) { call, platform in
        let body = try call.requiredBody()
        try await platform.write { (transaction) throws in
          try EndpointValidations.update(call.parameter("endpoint_id"), body.changes, in: &transaction)
        }
        return .message("Endpoint validation updated")
      },
      Route(
        .delete, "\(path)/{endpoint_id}", "Delete an endpoint's validation", .permission(.manageEndpoints, "END015"),
        failures: [400: ["END019"], 403: ["END015"]]
      ) { call, platform in
        try await platform.write { (transaction) throws in
          try EndpointValidations.delete(call.parameter("endpoint_id"), in: &transaction)
        }
        return .message("Endpoint validation deleted")
      },
    ]
  }
}
