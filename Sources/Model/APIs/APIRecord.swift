import DocumentStore
package import JSON

/// An API, decoded from its document.
package struct APIRecord: StoredRecord {
  /// The collection of APIs.
  package static let collection = Collections.apis
  /// APIs are found by name and version.
  package static let keyFields = ["api_name", "api_version"]

  /// The name of the API.
  package let name: String
  /// The version of the API.
  package let version: String
  /// The identifier that endpoints refer to.
  package let id: String?
  /// The sentence that describes the API.
  package let description: String?
  /// Whether requests to the API are answered.
  package let isActive: Bool
  /// Whether everyone may call, without a token.
  package let isPublic: Bool
  /// Whether a request needs a token. An API without it has no users and no limits.
  package let needsToken: Bool
  /// The roles that may call. An empty list allows all roles.
  package let allowedRoles: [String]
  /// The groups that may call. An empty list allows no group.
  package let allowedGroups: [String]
  /// The servers of the API, for endpoints that name none.
  package let servers: [String]
  /// The number of further tries after a failure.
  package let retries: Int
  /// The request headers that go to the server.
  package let allowedHeaders: [String]
  /// The header whose value becomes `Authorization`.
  package let authorizationHeader: String?
  /// The group of credits that a request costs one of, or `nil` when requests cost none.
  package let creditGroup: String?
  /// The addresses that may call.
  package let addresses: APIAddressPolicy
  /// The origins, methods and headers that browsers may use.
  package let crossOrigin: APICrossOrigin

  /// Decodes an API.
  package init(_ fields: JSONObject) {
    name = fields.text("api_name")
    version = fields.text("api_version")
    id = fields["api_id"]?.string
    description = fields["api_description"]?.string
    isActive = fields.flag("active", standard: true)
    isPublic = fields.flag("api_public", standard: false)
    needsToken = fields.flag("api_auth_required", standard: true)
    allowedRoles = fields.texts("api_allowed_roles")
    allowedGroups = fields.texts("api_allowed_groups")
    servers = fields.texts("api_servers")
    retries = fields.positive("api_allowed_retry_count") ?? 0
    allowedHeaders = fields.texts("api_allowed_headers")
    authorizationHeader = fields["api_authorization_field_swap"]?.string
    creditGroup = fields.flag("api_credits_enabled", standard: false) ? fields["api_credit_group"]?.string : nil
    addresses = APIAddressPolicy(fields)
    crossOrigin = APICrossOrigin(fields)
  }
}

/// The addresses that may call an API.
package struct APIAddressPolicy: Sendable {
  /// Whether `X-Forwarded-For` of a trusted proxy counts, whatever the security settings say.
  package let trustsForwardedFor: Bool
  /// `nil` when the API does not ask for its list of allowed addresses.
  private let allowed: AddressList?
  private let denied: AddressList

  init(_ api: JSONObject) {
    trustsForwardedFor = api.flag("api_trust_x_forwarded_for", standard: false)
    let asksForList = api["api_ip_mode"]?.string?.hasSameBytes(as: "whitelist") == true
    allowed = asksForList ? AddressList(api["api_ip_whitelist"]) : nil
    denied = AddressList(api["api_ip_blacklist"])
  }

  /// Whether an address may call.
  package func verdict(on address: NetworkAddress) -> AddressPolicy.Verdict {
    if denied.contains(address) { return .inDenyList }
    guard let allowed else { return .allowed }
    return allowed.contains(address) ? .allowed : .notInAllowList
  }
}

/// The origins, methods and headers that an API lets browsers use. A list is `nil` where the document has none.
package struct APICrossOrigin: Sendable, Equatable {
  /// The origins; `nil` allows any, and an empty list allows none.
  package let origins: [String]?
  /// The methods.
  package let methods: [String]?
  /// The request headers.
  package let headers: [String]?
  /// The response headers that scripts may read.
  package let exposedHeaders: [String]?
  /// Whether requests may carry cookies.
  package let allowsCredentials: Bool

  init(_ api: JSONObject) {
    origins = api["api_cors_allow_origins"]?.strings
    methods = api["api_cors_allow_methods"]?.strings
    headers = api["api_cors_allow_headers"]?.strings
    exposedHeaders = api["api_cors_expose_headers"]?.strings
    allowsCredentials = api.flag("api_cors_allow_credentials", standard: false)
  }
}
