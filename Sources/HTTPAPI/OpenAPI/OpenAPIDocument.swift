import HTTPTypes
package import JSON

/// The route table as a document of OpenAPI 3.1.
package struct OpenAPIDocument<API: APIDefinition> {
  private let title: String
  private let version: String
  private let routes: [APIRoute<API>]
  private let general: [DeclaredFailure]
  private let preflight: [DeclaredFailure]
  private let cookie: String

  /// A description.
  ///
  /// - Parameters:
  ///   - version: the version of the program.
  ///   - general: failures that every route can answer.
  ///   - preflight: failures of preflights, which have no route.
  ///   - cookie: the name of the cookie that can hold a token.
  package init(
    title: String, version: String, routes: [APIRoute<API>], general: [DeclaredFailure], preflight: [DeclaredFailure],
    cookie: String
  ) {
    self.title = title
    self.version = version
    self.routes = routes
    self.general = general
    self.preflight = preflight
    self.cookie = cookie
  }

  /// The document.
  package var json: JSONValue {
    var paths = JSONObject()
    var models: [String: BodyModel] = [:]
    for route in routes {
      var methods = paths[route.pattern.template]?.object ?? JSONObject()
      methods[route.method.rawValue.lowercased()] = operation(route)
      paths[route.pattern.template] = .object(methods)
      if let model = route.bodyModel { gather(model, into: &models) }
    }
    let schemas = models.sorted { $0.key < $1.key }.map { ($0.key, schema(of: $0.value)) }
    return [
      "openapi": "3.1.0",
      "info": [
        "title": .string(title), "version": .string(version),
        "description": .string("Preflights (OPTIONS with Origin) answer: " + Self.words(preflight)),
      ],
      "paths": .object(paths),
      "components": [
        "schemas": .object(JSONObject(schemas + [("Error", errorSchema)])),
        "securitySchemes": [
          "bearer": ["type": "http", "scheme": "bearer", "bearerFormat": "JWT"],
          "cookie": ["type": "apiKey", "in": "cookie", "name": .string(cookie)],
        ],
      ],
    ]
  }

  private func operation(_ route: APIRoute<API>) -> JSONValue {
    var operation: JSONObject = [
      "summary": .string(route.summary),
      "operationId": .string(identifier(of: route)),
      "tags": [.string(tag(of: route))],
    ]
    let parameters =
      route.pattern.parameters.map { parameter($0, in: "path", isRequired: true, type: "string") }
      + route.query.map { parameter($0, in: "query", isRequired: false, type: "integer") }
    if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
    if let model = route.bodyModel {
      operation["requestBody"] = [
        "required": .bool(!route.hasOptionalBody),
        "content": ["application/json": ["schema": reference(model.name)]],
      ]
    }
    if route.needsToken { operation["security"] = [["bearer": []], ["cookie": []]] }
    if let permission = route.permission { operation["x-permission"] = .string(permission.rawValue) }
    operation["responses"] = .object(responses(of: route))
    return .object(operation)
  }

  private func responses(of route: APIRoute<API>) -> JSONObject {
    var responses: JSONObject = ["\(route.success)": ["description": "Success"]]
    if route.success == 201 { responses["200"] = ["description": "Success: it was so already"] }
    for failure in (route.failures + general).merged {
      responses["\(failure.status)"] = [
        "description": .string(failure.codes.isEmpty ? "Failure" : failure.codes.joined(separator: ", ")),
        "content": ["application/json": ["schema": reference("Error")]],
      ]
    }
    return responses
  }

  private static func words(_ failures: [DeclaredFailure]) -> String {
    failures.map { "\($0.status) \($0.codes.joined(separator: ", "))" }.joined(separator: "; ")
  }

  private func parameter(_ name: String, in place: String, isRequired: Bool, type: String) -> JSONValue {
    [
      "name": .string(name), "in": .string(place), "required": .bool(isRequired),
      "schema": ["type": .string(type)],
    ]
  }

  private func tag(of route: APIRoute<API>) -> String {
    if case .literal(let text)? = route.pattern.segments.dropFirst().first { text } else { "platform" }
  }

  private func identifier(of route: APIRoute<API>) -> String {
    let words = route.pattern.segments.map { segment in
      switch segment {
      case .literal(let text): text
      case .capture(let name), .rest(let name): "by_\(name)"
      }
    }
    return ([route.method.rawValue.lowercased()] + words).joined(separator: "_")
      .map { $0.isLetter || $0.isNumber ? String($0) : "_" }.joined()
  }

  private func reference(_ name: String) -> JSONValue {
    ["$ref": .string("#/components/schemas/\(name)")]
  }

  private let errorSchema: JSONValue = [
    "type": "object",
    "properties": ["error_code": ["type": "string"], "error_message": ["type": "string"]],
    "required": ["error_message"],
  ]
}
