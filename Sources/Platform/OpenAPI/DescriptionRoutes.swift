import HTTPTypes
import JSON
import NIOCore

/// `/platform/openapi.json`
enum DescriptionRoutes {
  static let routes: [Route] = [
    Route(.get, "/platform/openapi.json", "The description of this API", .everyone) { _, platform in
      .encoded(platform.description)
    }
  ]

  /// Made once: anyone may ask for it, and it is long.
  static func description(version: String) -> ByteBuffer {
    let document = OpenAPIDocument(routes: PlatformServices.routes, version: version).json
    return ByteBuffer(bytes: JSONWriter.bytes(document))
  }
}
