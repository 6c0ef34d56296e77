import HTTPTypes
import JSON
import Model
import Resources

/// The route table in the words of OpenAPI 3.1.
struct OpenAPIDocument {
  let routes: [Route]
  let version: String

  var json: JSONValue {
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
      "info": ["title": "Gatehouse platform API", "version": .string(version)],
      "paths": .object(paths),
      "components": [
        "schemas": .object(JSONObject(schemas + [("Error", errorSchema)])),
        "securitySchemes": [
          "bearer": ["type": "http", "scheme": "bearer", "bearerFormat": "JWT"],
          "cookie": ["type": "apiKey", "in": "cookie", "name": .string(CookieJar.accessToken)],
        ],
      ],
    ]
  }

  private func operation(_ route: Route) -> JSONValue {
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

  private func responses(of route: Route) -> JSONObject {
    var responses: JSONObject = ["\(route.success)": ["description": "Success"]]
    if route.success == 201 { responses["200"] = ["description": "Success: it was so already"] }
    var codes = Dictionary(route.failures.map { ($0.status, $0.codes) }) { $0 + $1 }
    if route.needsToken, codes[401] == nil { codes[401] = ["GTW998"] }
    if route.bodyModel != nil {
      codes[413] = ["REQ001"]
      if case .model = route.body { codes[422] = ["VAL001"] }
    }
    if route.changesState { codes[503, default: []].append("GTW504") }
    for (status, codes) in codes.sorted(by: { $0.key < $1.key }) {
      responses["\(status)"] = [
        "description": .string(codes.isEmpty ? "Failure" : codes.joined(separator: ", ")),
        "content": ["application/json": ["schema": reference("Error")]],
      ]
    }
    return responses
  }

  private func parameter(_ name: String, in place: String, isRequired: Bool, type: String) -> JSONValue {
    [
      "name": .string(name), "in": .string(place), "required": .bool(isRequired),
      "schema": ["type": .string(type)],
    ]
  }

  private func tag(of route: Route) -> String {
    if case .literal(let text)? = route.pattern.segments.dropFirst().first { text } else { "platform" }
  }

  private func identifier(of route: Route) -> String {
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

extension Route {
  var bodyModel: BodyModel? {
    switch body {
    case .none: nil
    case .model(let model, _): model
    case .unchecked(let model): model
    }
  }

  var hasOptionalBody: Bool {
    if case .model(_, let isOptional) = body { isOptional } else { false }
  }

  var needsToken: Bool {
    switch access {
    case .everyone, .optionalUser: false
    case .user, .permission: true
    }
  }

  var permission: Permission? {
    if case .permission(let permission, _, _) = access { permission } else { nil }
  }
}
