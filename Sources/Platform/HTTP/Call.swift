package import DocumentStore
package import HTTPAPI
package import HTTPTypes
package import JSON
package import Model

/// One request as a handler sees it: routed, authenticated and checked. It sees one state of the store.
package struct Call: Sendable {
  /// The identifier of the request.
  package let id: String
  /// The host that the client asked for.
  package let host: String?
  /// All header fields.
  package let headers: HTTPFields
  /// The captured segments of the path, by name.
  package let parameters: [String: String]
  /// The parameters of the query.
  package let query: [UTF8Key: String]
  /// The connection that the request came through.
  package let caller: Caller
  /// The user, on routes that know one.
  package let session: Session?
  /// The body, when the route has a model and a body came or was needed.
  package let body: CheckedBody?
  /// The bytes of the body, for routes that check it themselves.
  package let bytes: [UInt8]
  /// The state of the store when the request was accepted.
  package let state: ModelVersion
  /// The largest page that a request may ask for.
  package let maximumPageSize: Int
  private let writer: StateWriter

  init(
    id: String, host: String?, headers: HTTPFields, parameters: [String: String], query: [UTF8Key: String],
    caller: Caller, session: Session?, body: CheckedBody?, bytes: [UInt8], state: ModelVersion, maximumPageSize: Int,
    writer: StateWriter
  ) {
    self.id = id
    self.host = host
    self.headers = headers
    self.parameters = parameters
    self.query = query
    self.caller = caller
    self.session = session
    self.body = body
    self.bytes = bytes
    self.state = state
    self.maximumPageSize = maximumPageSize
    self.writer = writer
  }

  /// The address that limits count.
  package var address: NetworkAddress? { caller.address(trusting: state.settings.addresses.trustedProxies) }

  /// Whether the client spoke HTTPS, to us or to the proxy before us.
  var isSecure: Bool { headers.isForwardedOverHTTPS }

  /// A captured segment.
  ///
  /// - Throws: 500 when the route captures none of that name, which is a fault of its handler.
  package func parameter(_ name: String) throws(APIError) -> String {
    guard let value = parameters[name] else { throw APIError(500, "GTW999", "The route has no segment '\(name)'") }
    return value
  }

  /// The page that the request asks for.
  ///
  /// - Throws: 400 `PAG001`.
  package func page() throws(APIError) -> PageRequest {
    try PageRequest(page: query[UTF8Key("page")], size: query[UTF8Key("page_size")], maximumSize: maximumPageSize)
  }

  /// The user, on routes that need one.
  package func requester() throws(APIError) -> Requester {
    guard let session else { throw Session.error() }
    return session.requester
  }

  /// The body, on routes that need one.
  package func requiredBody() throws(APIError) -> CheckedBody {
    guard let body else { throw APIError(422, "VAL001", "The body is missing") }
    return body
  }

  /// Changes the store. See `StateWriter.write`.
  package func write<Value: Sendable>(_ body: (inout Transaction) throws -> Value) async throws -> Value {
    try await writer.write(body)
  }
}
