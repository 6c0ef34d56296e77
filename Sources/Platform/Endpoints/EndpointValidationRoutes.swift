import HTTPAPI
import JSON
import Model
import Rules

/// `/platform/endpoint/endpoint/validation`, and the same under the shorter path that Doorman also has.
enum EndpointValidationRoutes {
  static let routes: [Route] =
    routes(under: "/platform/endpoint/endpoint/validation")
    + routes(under: "/platform/endpoint/validation")

  private static func routes(under path: String) -> [Route] {
    [
      .create(
        path, "Create an endpoint's validation", .permission(.manageEndpoints, "END013"),
        body: EndpointValidations.createBody, failures: [400: ["END014", "END015", "END016"]],
        message: "Endpoint validation created"
      ) { _, fields, transaction in try EndpointValidations.create(fields, in: &transaction) },
      .read(
        "\(path)/{endpoint_id}", "Read an endpoint's validation", .user(), failures: [400: ["END018"]]
      ) { call in try EndpointValidations.read(call.parameter("endpoint_id"), in: call.state) },
      .change(
        "\(path)/{endpoint_id}", "Change an endpoint's validation", .permission(.manageEndpoints, "END014"),
        body: EndpointValidations.updateBody, failures: [400: ["END020", "END021"]],
        message: "Endpoint validation updated"
      ) { call, changes, transaction in
        try EndpointValidations.update(call.parameter("endpoint_id"), changes, in: &transaction)
      },
      .delete(
        "\(path)/{endpoint_id}", "Delete an endpoint's validation", .permission(.manageEndpoints, "END015"),
        failures: [400: ["END019"]], message: "Endpoint validation deleted"
      ) { call, transaction in
        try EndpointValidations.delete(call.parameter("endpoint_id"), in: &transaction)
      },
    ]
  }
}
