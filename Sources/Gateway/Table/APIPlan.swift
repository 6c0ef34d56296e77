import JSON
import Model

/// An API, compiled: all that a call needs to be checked and forwarded.
final class APIPlan: Sendable {
  let record: APIRecord
  /// By which the subscriptions of users name it.
  let number: Int
  /// `name/version`, as logs and metrics show it.
  let label: String
  let allowedGroups: BitSet
  let endpoints: EndpointTrie
  let servers: ServerRing
  /// The request fields that go to the server.
  let requestFields: FieldNames
  /// The response fields that go to the client.
  let responseFields: FieldNames
  /// The name of the request field whose value becomes `Authorization`, or `nil`.
  let authorizationField: [UInt8]?
  let origins: OriginRules
  let breaker: CircuitBreaker
  /// A feature that the API asks for and that this version does not have, or `nil`.
  let missingFeature: String?

  init(
    _ record: APIRecord, number: Int, allowedGroups: BitSet, endpoints: EndpointTrie, servers: ServerRing,
    breaker: CircuitBreaker
  ) {
    self.record = record
    self.number = number
    label = Self.label(record.name, record.version)
    self.allowedGroups = allowedGroups
    self.endpoints = endpoints
    self.servers = servers
    authorizationField = record.authorizationHeader.flatMap { name in
      name.isEmpty || PassedFields.ownTokens.contains(name) ? nil : Array(name.utf8)
    }
    let swapped = record.authorizationHeader.map { [$0] } ?? []
    requestFields = FieldNames(
      (record.allowedHeaders + PassedFields.request).filter { !PassedFields.neverToServer.contains($0) }
        .filter { !swapped.contains($0) || record.allowedHeaders.containsBytes(of: $0) })
    responseFields = FieldNames(
      (record.allowedHeaders + PassedFields.response).filter { !PassedFields.neverToClient.contains($0) })
    origins = OriginRules(record.crossOrigin)
    self.breaker = breaker
    missingFeature =
      if record.isCRUD {
        "documents of the gateway's own (api_is_crud)"
      } else if record.hasTransforms {
        "transforms (api_request_transform, api_response_transform)"
      } else if record.takesCredits, !record.isPublic, record.needsToken {
        "credits (api_credits_enabled)"
      } else {
        nil
      }
  }

  /// The same API with other endpoints.
  func with(_ endpoints: EndpointTrie) -> APIPlan { APIPlan(self, endpoints) }

  private init(_ other: APIPlan, _ endpoints: EndpointTrie) {
    record = other.record
    number = other.number
    label = other.label
    allowedGroups = other.allowedGroups
    self.endpoints = endpoints
    servers = other.servers
    requestFields = other.requestFields
    responseFields = other.responseFields
    authorizationField = other.authorizationField
    origins = other.origins
    breaker = other.breaker
    missingFeature = other.missingFeature
  }

  static func label(_ name: String, _ version: String) -> String { "\(name)/\(version)" }
}

/// The fields that pass the gateway, besides those that an API allows.
enum PassedFields {
  /// From the client to the server.
  static let request = ["soapaction", "content-type", "content-encoding", "accept", "user-agent", "accept-encoding"]
  /// Fields with a token of the gateway, which no server may see in any field.
  static let ownTokens = FieldNames(["authorization", "cookie"])
  /// Fields with secrets of the gateway's own clients, and those that belong to one connection or to the gateway.
  static let neverToServer = FieldNames(
    [
      "authorization", "proxy-authorization", "www-authenticate", "x-api-key", "api-key", "cookie", "set-cookie",
      "x-csrf-token", "csrf-token", "host", "content-length", "expect", "via", "x-forwarded-for", "x-forwarded-proto",
      "x-forwarded-host", "forwarded", "x-request-id", "x-doorman-user", "x-user-email", "traceparent", "tracestate",
    ] + connection)
  /// From the server to the client: fields that describe the body or the answer as a whole.
  static let response = [
    "content-type", "content-encoding", "content-language", "content-range", "content-disposition", "location", "etag",
    "last-modified", "cache-control", "expires", "accept-ranges", "retry-after", "allow", "vary", "www-authenticate",
    "content-location", "content-length", "date",
  ]
  /// Fields that the gateway writes itself.
  static let neverToClient = FieldNames(
    [
      "request_id", "x-request-id", "access-control-allow-origin", "access-control-allow-methods",
      "access-control-allow-headers", "access-control-allow-credentials", "access-control-expose-headers",
      "x-gateway-time", "x-backend-time",
    ] + connection)
  /// Fields that say how a message is framed, routed, authenticated, read or kept. Behind the body they come too late
  /// for that, and a reader that obeys them there could be deceived (RFC 9110, section 6.5.1).
  static let neverInTrailers = FieldNames([
    "accept", "accept-charset", "accept-encoding", "accept-language", "accept-ranges", "age", "allow", "authorization",
    "cache-control", "cf-connecting-ip", "client-key", "content-disposition", "content-encoding", "content-language",
    "content-length", "content-location", "content-range", "content-type", "cookie", "date", "etag", "expect",
    "expires",
    "forwarded", "from", "host", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since",
    "last-modified", "location", "max-forwards", "origin", "pragma", "proxy-authorization", "range", "referer",
    "retry-after", "set-cookie", "soapaction", "strict-transport-security", "user-agent", "vary", "via", "warning",
    "www-authenticate", "x-api-version", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port",
    "x-forwarded-proto", "x-http-method-override", "x-real-ip",
  ])
  /// Fields that are true of the server's bytes, and not of the compressed ones.
  static let notCompressed = FieldNames(["accept-ranges", "content-digest", "content-md5", "digest", "repr-digest"])
  /// Fields of one connection (RFC 9110, section 7.6.1).
  static let connection = [
    "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "te", "trailer", "transfer-encoding",
    "upgrade", "http2-settings",
  ]
}
