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
  /// Whether requests cost credits.
  package let takesCredits: Bool
  /// The group of credits that a request costs one of, or `nil` when requests cost none.
  package let creditGroup: String?
  /// Whether the gateway answers requests from documents of its own.
  package let isCRUD: Bool
  /// Whether requests or responses must be changed on their way.
  package let hasTransforms: Bool
  /// The times that the servers have.
  package let timeouts: APITimeouts
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
    takesCredits = fields.flag("api_credits_enabled", standard: false)
    creditGroup = takesCredits ? fields["api_credit_group"]?.string : nil
    isCRUD = fields.flag("api_is_crud", standard: false)
    hasTransforms = ["api_request_transform", "api_response_transform"].contains { name in
      fields[name]?.object.map { !$0.members.isEmpty } ?? fields.has(name)
    }
    timeouts = APITimeouts(fields)
    addresses = APIAddressPolicy(fields)
    crossOrigin = APICrossOrigin(fields)
  }
}

/// The times that an API's servers have, in seconds. A time is `nil` where the gateway's own counts.
package struct APITimeouts: Sendable, Equatable {
  /// To open a connection.
  package let connect: Double?
  /// Between two parts of a response, and before the first.
  package let read: Double?
  /// To take a part of a request.
  package let write: Double?
  /// To wait for a connection while all are in use.
  package let pool: Double?

  init(_ api: JSONObject) {
    func seconds(_ field: String) -> Double? {
      guard let value = api[field]?.number?.double, value > 0, value <= 86_400 else { return nil }
      return value
    }
    connect = seconds("api_connect_timeout")
    read = seconds("api_read_timeout")
    write = seconds("api_write_timeout")
    pool = seconds("api_pool_timeout")
  }
}

/// The addresses that may call an API.
package struct APIAddressPolicy: Sendable {
  /// Whether `X-Forwarded-For` of a trusted proxy counts, or `nil` where the security settings decide.
  package let trustsForwardedFor: Bool?
  /// `nil` when the API does not ask for its list of allowed addresses.
  private let allowed: AddressList?
  private let denied: AddressList

  init(_ api: JSONObject) {
    trustsForwardedFor = api.has("api_trust_x_forwarded_for") ? api["api_trust_x_forwarded_for"]?.bool == true : nil
    let asksForList = api["api_ip_mode"]?.string?.hasSameBytes(as: "whitelist") == true
    allowed = asksForList ? AddressList(api["api_ip_whitelist"]) : nil
    denied = AddressList(api["api_ip_blacklist"])
  }

  /// Whether every address may call.
  package var isOpen: Bool { allowed == nil && denied.isEmpty }

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
