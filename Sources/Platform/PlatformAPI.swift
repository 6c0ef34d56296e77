package import HTTPAPI
package import Model

/// The types that the platform's routes work with.
package enum PlatformAPI: APIDefinition {
  /// One request as a handler sees it.
  package typealias Call = Platform.Call
  /// The services that routes can name.
  package typealias Services = PlatformServices
  /// The permissions of roles.
  package typealias Permission = Model.Permission
}

/// A route of the platform.
package typealias Route = APIRoute<PlatformAPI>

/// One resource with its routes. A new resource is a folder, and one line in `all`.
package struct Resource: Sendable {
  /// The routes, in the order of the description.
  package let routes: [Route]

  /// A resource with these routes.
  package init(_ routes: [Route]) {
    self.routes = routes
  }

  /// All resources, in the order of the description.
  package static let all = [
    Resource(AuthorizationRoutes.routes), Resource(AccountRoutes.routes), Resource(UserRoutes.routes),
    Resource(RoleRoutes.routes), Resource(GroupRoutes.routes), Resource(APIRoutes.routes),
    Resource(EndpointRoutes.routes), Resource(EndpointValidationRoutes.routes), Resource(SubscriptionRoutes.routes),
    Resource(RoutingRoutes.routes), Resource(SecurityRoutes.routes), Resource(MemoryRoutes.routes),
    Resource(MonitorRoutes.routes), Resource(GatewayRoutes.routes), Resource(DescriptionRoutes.routes),
  ]
}

extension PlatformAPI {
  /// The failures that every route can answer.
  package static let generalFailures = [
    DeclaredFailure(400, ["GTW400"]), DeclaredFailure(403, ["SEC010", "SEC011"]), DeclaredFailure(413, ["REQ001"]),
    DeclaredFailure(414, ["GTW400"]), DeclaredFailure(431, ["GTW400"]), DeclaredFailure(500, ["GTW999"]),
    DeclaredFailure(501, ["GTW501"]), DeclaredFailure(503, ["GTW503"]), DeclaredFailure(505, ["GTW501"]),
  ]
}
