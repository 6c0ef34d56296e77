import HTTPAPI
import HTTPTypes

/// `/platform/openapi.json`
enum DescriptionRoutes {
  // The description is encoded once: anyone may ask for it, and it is long.
  static let routes: [Route] = [
    Route(
      .get, "/platform/openapi.json", "The description of this API", .everyone, isOfTask: true, using: \.description
    ) { _, text in
      .encoded(text)
    }
  ]
}
