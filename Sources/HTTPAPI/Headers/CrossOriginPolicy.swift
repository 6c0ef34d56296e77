package import HTTPTypes
import JSON

/// The origins whose scripts may use the API (CORS, the Fetch standard).
package struct CrossOriginPolicy: Sendable {
  /// The settings of an operator.
  package struct Configuration: Sendable {
    /// The origins, or `*` for any.
    package var origins = ["http://localhost:3000"]
    /// The methods, or `*` for any.
    package var methods = ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "HEAD"]
    /// The header fields, or `*` for any.
    package var headers = ["*"]
    /// Whether requests may carry cookies.
    package var allowsCredentials = true
    /// Whether `*` is refused together with credentials.
    package var isStrict = false

    /// The defaults.
    package init() {}
  }

  private let configuration: Configuration

  /// A policy of this configuration.
  package init(_ configuration: Configuration) {
    self.configuration = configuration
  }

  /// The header fields of an answer to an origin. There are none when the origin is not allowed.
  package func fields(for origin: String?) -> HTTPFields {
    guard let origin, allows(origin) else { return [:] }
    var fields: HTTPFields = [.accessControlAllowOrigin: origin]
    if configuration.allowsCredentials { fields[.accessControlAllowCredentials] = "true" }
    return fields
  }

  /// The answer to a preflight, or `nil` when the request is not one.
  package func preflight(_ request: HTTPRequest) throws(APIError) -> HTTPFields? {
    guard request.method == .options, let origin = request.headerFields[.origin],
      let method = request.headerFields[.accessControlRequestMethod]
    else { return nil }
    guard allows(origin) else {
      throw APIError(400, "CORS001", "The origin is not in ALLOWED_ORIGINS")
    }
    guard
      configuration.methods.containsBytes(of: "*") || configuration.methods.containsBytes(of: method.asciiUppercased)
    else {
      throw APIError(400, "CORS002", "The method is not in ALLOW_METHODS")
    }
    var fields = fields(for: origin)
    fields[.accessControlAllowMethods] = configuration.methods.joined(separator: ", ")
    let asked = request.headerFields[.accessControlRequestHeaders]
    fields[.accessControlAllowHeaders] =
      configuration.headers.containsBytes(of: "*") ? asked : configuration.headers.joined(separator: ", ")
    fields[.accessControlMaxAge] = "600"
    return fields
  }

  /// The failures of preflights, for the description of the API.
  package static let failures = [DeclaredFailure(400, ["CORS001", "CORS002"])]

  private func allows(_ origin: String) -> Bool {
    if configuration.origins.containsBytes(of: origin) { return true }
    // With `*`, any site could use the user's cookies. Strict mode does not allow that.
    return configuration.origins.containsBytes(of: "*") && !(configuration.isStrict && configuration.allowsCredentials)
  }
}
