import JSON
import Model
import Testing

@Suite("Records")
struct RecordTests {
  @Test("of roles have the permissions that are true, and all of the admin role")
  func roles() {
    let role = RoleRecord(["role_name": "r", "manage_apis": true, "view_logs": "true", "manage_users": false])
    #expect(role.permissions == [.manageAPIs])
    #expect(RoleRecord(["role_name": "admin"]).permissions == Set(Permission.allCases))
    #expect(RoleRecord(["role_name": "Admin"]).permissions == [])
  }

  @Test("of groups have their name and their APIs")
  func groups() {
    let group = GroupRecord(["group_name": "g", "group_description": "d", "api_access": ["a/v1", .null]])
    #expect(group.name == "g" && group.description == "d" && group.apis == ["a/v1"])
    #expect(GroupRecord(["group_name": "g", "api_access": .null]).apis == [])
  }

  @Test("of APIs have the values that Doorman takes for absent fields")
  func standardAPI() {
    let api = APIRecord(["api_name": "a", "api_version": "v1"])
    #expect(api.name == "a" && api.version == "v1")
    #expect(api.isActive && api.needsToken && !api.isPublic)
    #expect(api.allowedRoles == [] && api.allowedGroups == [] && api.servers == [])
    #expect(api.retries == 0 && api.creditGroup == nil && api.authorizationHeader == nil)
    #expect(api.crossOrigin.origins == nil && !api.crossOrigin.allowsCredentials)
    #expect(NetworkAddress("1.2.3.4").map(api.addresses.verdict) == .allowed)
  }

  @Test("of APIs have what their documents say")
  func api() {
    let api = APIRecord([
      "api_name": "a", "api_version": "v1", "api_id": "i", "active": false, "api_public": true,
      "api_auth_required": false, "api_allowed_roles": ["r"], "api_allowed_groups": ["g"],
      "api_servers": ["http://s"], "api_allowed_retry_count": 2, "api_allowed_headers": ["x-a"],
      "api_authorization_field_swap": "X-Tok", "api_credits_enabled": true, "api_credit_group": "c",
      "api_cors_allow_origins": [], "api_cors_allow_credentials": true, "api_trust_x_forwarded_for": true,
    ])
    #expect(!api.isActive && api.isPublic && !api.needsToken)
    #expect(api.id == "i" && api.allowedRoles == ["r"] && api.allowedGroups == ["g"] && api.servers == ["http://s"])
    #expect(api.retries == 2 && api.allowedHeaders == ["x-a"] && api.authorizationHeader == "X-Tok")
    #expect(api.creditGroup == "c" && api.crossOrigin.origins == [] && api.crossOrigin.allowsCredentials)
    #expect(api.addresses.trustsForwardedFor == true)
    let free = APIRecord(["api_credits_enabled": false, "api_credit_group": "c"])
    #expect(free.creditGroup == nil)
  }

  @Test("of APIs judge addresses by the deny list always, and by the allow list when they ask for it")
  func addresses() throws {
    let verdict = { (mode: JSONValue, address: String) throws in
      try APIRecord([
        "api_ip_mode": mode, "api_ip_whitelist": ["10.0.0.0/8"], "api_ip_blacklist": ["10.6.6.6", "1.1.1.1"],
      ]).addresses.verdict(on: #require(NetworkAddress(address)))
    }
    #expect(try verdict("allow_all", "2.2.2.2") == .allowed)
    #expect(try verdict("allow_all", "1.1.1.1") == .inDenyList)
    #expect(try verdict("whitelist", "2.2.2.2") == .notInAllowList)
    #expect(try verdict("whitelist", "10.1.1.1") == .allowed)
    #expect(try verdict("whitelist", "10.6.6.6") == .inDenyList)
    #expect(try verdict(.null, "2.2.2.2") == .allowed)
    let empty = APIRecord(["api_ip_mode": "whitelist"])
    #expect(empty.addresses.verdict(on: try #require(NetworkAddress("2.2.2.2"))) == .notInAllowList)
  }

  @Test("of endpoints have their key, their identifier and their servers")
  func endpoints() {
    let endpoint = EndpointRecord([
      "api_name": "a", "api_version": "v1", "endpoint_method": "GET", "endpoint_uri": "/x", "client_uri": "/y",
      "endpoint_id": "e", "endpoint_servers": .null,
    ])
    #expect(endpoint.apiName == "a" && endpoint.apiVersion == "v1" && endpoint.method == "GET")
    #expect(endpoint.uri == "/x" && endpoint.clientURI == "/y" && endpoint.id == "e" && endpoint.servers == [])
  }

  @Test("of validations have their rules to the bottom")
  func validations() throws {
    let validation = EndpointValidationRecord([
      "endpoint_id": "e", "validation_enabled": true,
      "validation_schema": [
        "validation_schema": [
          "user.name": ["required": true, "type": "string", "min": 1, "max": 5, "pattern": "^a"],
          "odd": 7,
          "tags": ["type": "array", "array_items": ["type": "string", "enum": ["x"]]],
          "place": ["type": "object", "nested_schema": ["zip": ["type": "string", "format": "zip"]]],
        ]
      ],
    ])
    #expect(validation.endpointID == "e" && validation.isEnabled)
    try #require(validation.rules.map(\.path) == ["user.name", "tags", "place"])
    let name = try #require(validation.rules.first)
    #expect(name.isRequired && name.type == "string" && name.minimum == 1 && name.maximum == 5 && name.pattern == "^a")
    #expect(validation.rules[1].elements.first?.allowedValues == ["x"])
    #expect(validation.rules[2].members.map(\.path) == ["zip"])
    #expect(validation.rules[2].members.first?.format == "zip")
    #expect(!EndpointValidationRecord(["endpoint_id": "e"]).isEnabled)
  }

  @Test("of subscriptions and routings have their lists")
  func lists() {
    #expect(SubscriptionRecord(["username": "u", "apis": ["a/v1"]]).apis == ["a/v1"])
    #expect(SubscriptionRecord(["username": "u", "apis": "a/v1"]).apis == [])
    let routing = RoutingRecord(["client_key": "k", "routing_servers": ["s"], "server_index": 1])
    #expect(routing.clientKey == "k" && routing.servers == ["s"] && routing.firstServer == 1)
    #expect(RoutingRecord(["client_key": "k", "server_index": -1]).firstServer == 0)
  }
}
