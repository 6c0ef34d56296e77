import HTTPTypes
import JSON
import Resources

/// Which other origins' scripts may call the platform (CORS).
struct CrossOriginPolicy {
  let configuration: PlatformConfiguration.CrossOrigin

  /// Fields for the answer to a call from an origin; none when the origin is not allowed.
  func fields(for origin: String?) -> HTTPFields {
    guard let origin, allows(origin) else { return [:] }
    var fields: HTTPFields = [.accessControlAllowOrigin: origin]
    if configuration.allowsCredentials { fields[.accessControlAllowCredentials] = "true" }
    return fields
  }

  /// The answer to a preflight, or `nil` when the request is none.
  func preflight(_ request: HTTPRequest) throws(Refusal) -> HTTPFields? {
    guard request.method == .options, let origin = request.headerFields[.origin],
      let method = request.headerFields[.accessControlRequestMethod]
    else { return nil }
    guard allows(origin) else {
      throw Refusal(400, "CORS001", "The origin is not in ALLOWED_ORIGINS")
    }
    guard
      configuration.methods.containsBytes(of: "*") || configuration.methods.containsBytes(of: method.asciiUppercased)
    else {
      throw Refusal(400, "CORS002", "The method is not in ALLOW_METHODS")
    }
    var fields = fields(for: origin)
    fields[.accessControlAllowMethods] = configuration.methods.joined(separator: ", ")
    let asked = request.headerFields[.accessControlRequestHeaders]
    fields[.accessControlAllowHeaders] =
      configuration.headers.containsBytes(of: "*") ? asked : configuration.headers.joined(separator: ", ")
    fields[.accessControlMaxAge] = "600"
    return fields
  }

  private func allows(_ origin: String) -> Bool {
    if configuration.origins.containsBytes(of: origin) { return true }
    // Any site with the user's cookies is what no operator means by `*`, so strict mode does not take it.
    return configuration.origins.containsBytes(of: "*") && !(configuration.isStrict && configuration.allowsCredentials)
  }
}
