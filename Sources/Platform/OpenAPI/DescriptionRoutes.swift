import HTTPTypes
import JSON

/// `/platform/openapi.json`
enum DescriptionRoutes {
  static let routes: [Route] = [
    Route(.get, "/platform/openapi.json", "The description of this API", .everyone) { _, platform in
      .raw(OpenAPIDocument(routes: PlatformServices.routes, version: platform.configuration.version).json)
    }
  ]
}
