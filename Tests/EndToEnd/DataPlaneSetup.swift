import JSON
import TestSupport

extension GatehouseProcess {
  /// Creates a public API whose endpoints are `/{case}` of every method.
  ///
  /// - Parameter changes: fields of the API that differ.
  func createAPI(_ name: String, servers: [String], token: String, _ changes: JSONObject = [:]) throws {
    let fields: JSONObject = [
      "api_name": .string(name), "api_version": "v1", "api_description": "of a test", "api_type": "REST",
      "api_servers": .array(servers.map { .string($0) }), "api_allowed_roles": [], "api_allowed_groups": ["ALL"],
      "api_allowed_headers": ["x-upstream"], "api_public": true,
    ]
    try expect("POST", "/platform/api", token, .object(fields.merging(changes)), 201)
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
      try expect(
        "POST", "/platform/endpoint", token,
        [
          "api_name": .string(name), "api_version": "v1", "endpoint_method": .string(method),
          "endpoint_uri": "/{case}", "endpoint_description": "of a test",
        ], 201)
    }
  }

  /// Creates a user that may call APIs, and logs it in.
  ///
  /// - Parameter changes: fields of the user that differ.
  /// - Returns: the user's token.
  func createCaller(_ name: String, token: String, apis: [String], _ changes: JSONObject = [:]) throws -> String {
    let password = "Example-Passw0rd!x"
    let fields: JSONObject = [
      "username": .string(name), "email": .string("\(name)@example.com"), "password": .string(password),
      "role": "developer", "groups": ["ALL"], "rate_limit_duration": 0, "throttle_duration": 0,
      "throttle_queue_limit": 0,
    ]
    if try send("GET", "/platform/role/developer", token: token).status != 200 {
      try expect("POST", "/platform/role", token, ["role_name": "developer", "role_description": "d"], 201)
    }
    try expect("POST", "/platform/user", token, .object(fields.merging(changes)), 201)
    for api in apis {
      try expect(
        "POST", "/platform/subscription/subscribe", token,
        ["username": .string(name), "api_name": .string(api), "api_version": "v1"], 200)
    }
    return try logIn("\(name)@example.com", password)
  }

  /// Sends one call of a user to the API `test` on each of many connections at once, and returns the answers.
  func callAtOnce(_ count: Int, token: String) throws -> [HTTPAnswer] {
    let connections = try (0..<count).map { _ in try HTTPConnection(port: port) }
    for connection in connections { try connection.send(call("/good", "GET", "Authorization: Bearer \(token)\r\n")) }
    return try connections.map { try $0.receive() }
  }

  /// The samples of `GET /metrics`, by name and labels as they are written.
  func samples() throws -> [String: Double] {
    var samples: [String: Double] = [:]
    for line in try send("GET", "/metrics").text.split(separator: "\n") where !line.hasPrefix("#") {
      guard let end = line.lastIndex(of: " "), let value = Double(line[line.index(after: end)...]) else {
        throw HTTPFailure(description: "no sample: \(line)")
      }
      samples[String(line[..<end])] = value
    }
    return samples
  }

  /// Sends a request whose success a test takes for granted.
  func expect(_ method: String, _ path: String, _ token: String, _ body: JSONValue, _ status: Int = 200) throws {
    let answer = try send(method, path, token: token, json: body)
    guard answer.status == status else {
      throw HTTPFailure(description: "\(method) \(path): \(answer.status) \(answer.text)")
    }
  }
}

/// The fields of a user who may make so many calls, in a window that ends while no test runs, as good as never.
func rateLimit(_ count: Int) -> JSONObject {
  ["rate_limit_duration": .integer(count), "rate_limit_duration_type": "year"]
}

/// The bytes of a request to the API `test`.
func call(_ uri: String, _ method: String = "GET", _ fields: String = "", body: String? = nil) -> String {
  let length = body.map { "Content-Length: \($0.utf8.count)\r\n" } ?? ""
  return "\(method) /api/rest/test/v1\(uri) HTTP/1.1\r\nHost: gateway.example\r\n\(fields)\(length)\r\n\(body ?? "")"
}
