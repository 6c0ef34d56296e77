import HTTPTypes
import JSON
import Model
import Resources
import Rules
import Testing

@testable import Platform

@Suite("The route table")
struct RouteTableTests {
  private let table = RouteTable(PlatformServices.routes)

  private func found(_ method: HTTPRequest.Method, _ path: String) -> String {
    switch table.match(method, path) {
    case .route(let route, let parameters):
      "\(route.method.rawValue) \(route.pattern.template) \(parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })"
    case .otherMethods(let methods): "405 \(methods.map(\.rawValue).sorted())"
    case .nothing: "404"
    }
  }

  @Test(
    "finds the most literal route, and tries the next where one way leads nowhere",
    arguments: [
      (HTTPRequest.Method.get, "/platform/user/all", "GET /platform/user/all []"),
      (.get, "/platform/user/alice", #"GET /platform/user/{username} ["username=alice"]"#),
      (.get, "/platform/user/a%2Fb%20c", #"GET /platform/user/{username} ["username=a/b c"]"#),
      (
        .get, "/platform/endpoint/orders/v1",
        #"GET /platform/endpoint/{api_name}/{api_version} ["api_name=orders", "api_version=v1"]"#
      ),
      (
        .get, "/platform/endpoint/endpoint/v1",
        #"GET /platform/endpoint/{api_name}/{api_version} ["api_name=endpoint", "api_version=v1"]"#
      ),
      (
        .get, "/platform/endpoint/validation/abc",
        #"GET /platform/endpoint/validation/{endpoint_id} ["endpoint_id=abc"]"#
      ),
      (
        .delete, "/platform/endpoint/GET/orders/v1/items/%7Bid%7D",
        #"DELETE /platform/endpoint/{endpoint_method}/{api_name}/{api_version}/{endpoint_uri} ["api_name=orders", "api_version=v1", "endpoint_method=GET", "endpoint_uri=items/{id}"]"#
      ),
      (.head, "/api/health", "GET /api/health []"), (.get, "/api/health/", "GET /api/health []"),
      (.delete, "/platform/memory/dump", #"405 ["POST"]"#), (.get, "/platform/nowhere", "404"), (.get, "/", "404"),
      (.get, "/platform/user/%zz", "404"), (.get, "/platform/user/%ff", "404"), (.get, "platform/user/all", "404"),
      (.get, "/platform//user/all", "404"),
      (.get, "/platform/user/al%CC%81l", #"GET /platform/user/{username} ["username=al\#u{301}l"]"#),
      (.get, "/platform/user/%CC%81all", #"GET /platform/user/{username} ["username=\#u{301}all"]"#),
      (.get, "/platform/user\u{301}/all", "404"), (.get, "\u{301}/platform/user/all", "404"),
      (.get, "/platform/user/%E2%84%AA", #"GET /platform/user/{username} ["username=\#u{212A}"]"#),
      (.get, "/platform/user/../memory/dump", "404"),
    ])
  func matching(method: HTTPRequest.Method, path: String, expected: String) {
    #expect(UTF8Key(found(method, path)) == UTF8Key(expected))
  }

  @Test("has each method and path once")
  func unique() {
    let names = PlatformServices.routes.map { "\($0.method.rawValue) \($0.pattern.template)" }
    #expect(Set(names).count == names.count)
  }
}

@Suite("Queries and cookies")
struct QueryTests {
  @Test("of a query the first of a name counts, and a combining mark is part of the name or value that it stands in")
  func query() {
    let pairs = PercentEncoding.query(
      "page=2&page=3&a+b=c%20d&\u{301}x=1&e=\u{301}=2&=v&&flag&b%zz=1&v=%zz&page%CC%81=9")
    #expect(pairs[UTF8Key("page")] == "2")
    #expect(pairs[UTF8Key("a b")] == "c d")
    #expect(pairs[UTF8Key("\u{301}x")] == "1")
    #expect(pairs[UTF8Key("e")]?.hasSameBytes(as: "\u{301}=2") == true)
    #expect(pairs[UTF8Key("flag")] == "")
    #expect(pairs[UTF8Key("v")] == "")
    #expect(pairs[UTF8Key("page\u{301}")] == "9")
    #expect(pairs.count == 8, "an empty name is one; a broken one is none")
  }

  @Test(
    "of a cookie's value only the quotes around it are none of it",
    arguments: [
      ("a=1; csrf_token=x; csrf_token=y", "x"), ("csrf_token=\"x\"", "x"), ("csrf_token= x ", "x"),
      ("csrf_token=x\"y", "x\"y"), ("csrf_token=\"", "\""), ("csrf_token=a=b", "a=b"), ("csrf_token=", ""),
      ("a=1;\u{301}; csrf_token=x", "x"), ("csrf_token\u{301}=x", nil), ("csrf_token", nil), ("Csrf_token=x", nil),
      ("csrf_token=\u{301}", "\u{301}"),
    ] as [(String, String?)])
  func cookies(line: String, value: String?) {
    let found = CookieJar.value(CookieJar.csrf, in: [.cookie: line])
    #expect(found.map(UTF8Key.init) == value.map(UTF8Key.init))
  }
}

@Suite("The description of the API")
struct OpenAPITests {
  private let document = OpenAPIDocument(routes: PlatformServices.routes, version: "1.2.3").json

  @Test("has exactly the routes that exist")
  func routes() {
    let described = (document.object?["paths"]?.object?.members ?? []).flatMap { path in
      (path.value.object?.keys ?? []).map { "\($0.uppercased()) \(path.key)" }
    }
    #expect(
      described.sorted() == PlatformServices.routes.map { "\($0.method.rawValue) \($0.pattern.template)" }.sorted())
  }

  @Test("refers only to models that it holds")
  func references() {
    var references: Set<String> = []
    func walk(_ value: JSONValue) {
      if let reference = value.object?["$ref"]?.string { references.insert(reference) }
      value.object?.members.forEach { walk($0.value) }
      value.array?.forEach(walk)
    }
    walk(document)
    let schemas = document.object?["components"]?.object?["schemas"]?.object?.keys ?? []
    #expect(references.count > 10)
    #expect(references.subtracting(schemas.map { "#/components/schemas/\($0)" }) == [])
    #expect(
      Set(schemas).isSuperset(of: ["CreateUserModel", "CreateApiModel", "FieldValidation", "SecuritySettingsModel"]))
  }

  @Test("gives every operation a name of its own and says who may call")
  func operations() {
    let operations = (document.object?["paths"]?.object?.members ?? []).flatMap {
      $0.value.object?.members.map(\.value) ?? []
    }
    let names = operations.compactMap { $0.object?["operationId"]?.string }
    #expect(Set(names).count == operations.count)
    #expect(document.value(at: "info.version") == "1.2.3")
    let dump = document.object?["paths"]?.object?["/platform/memory/dump"]?.object?["post"]?.object
    #expect(dump?["x-permission"] == "manage_security")
    #expect(dump?["security"] != nil)
  }
}

@Suite("The envelope")
struct EnvelopeTests {
  @Test("strict: always 200, with the status, and tokens at the top level too")
  func strict() {
    let data = Envelope.strict.wrap(.data(["access_token": "t"], status: 201))
    #expect(data.status == 200)
    #expect(data.body == ["status_code": 201, "response": ["access_token": "t"], "access_token": "t"])
    #expect(Envelope.strict.wrap(.message("m")).body == ["status_code": 200, "message": "m"])
    #expect(
      Envelope.strict.wrap(.init(404, "USR002", "none")).body
        == ["status_code": 404, "error_code": "USR002", "error_message": "none"])
    #expect(Envelope.strict.wrap(.raw(["status": "draining"], status: 503)).status == 503)
  }

  @Test("plain: the data itself")
  func plain() {
    #expect(Envelope.plain.wrap(.data(["a": 1], status: 201)).body == ["a": 1])
    #expect(Envelope.plain.wrap(.response(["path": "p"])).body == ["response": ["path": "p"]])
    #expect(Envelope.plain.wrap(.init(404, nil, "none")).body == ["error_message": "none"])
  }

  @Test("hides no resource behind a route of its own: its name is refused")
  func shadowed() throws {
    let models = [Groups.createBody, Roles.createBody, Routings.createBody, Users.createBody, APIs.createBody]
    let routes = PlatformServices.routes
    var found: Set<String> = []
    for route in routes {
      for other in routes where other.method == route.method {
        guard let (field, word) = Self.shadow(of: other.pattern.segments, on: route.pattern.segments),
          let rule = models.lazy.flatMap(\.fields).first(where: { $0.name == field })
        else { continue }
        // The list of an API's endpoints gives way to the validations; the API itself is reached.
        if field == "api_name", word == "validation" { continue }
        found.insert("\(field) \(word)")
        let isTooShort = rule.length.map { word.utf8.count < $0.lowerBound } ?? false
        #expect(isTooShort || rule.rule?.fault(in: word) != nil, "\(field) '\(word)'")
      }
    }
    #expect(found == ["group_name all", "role_name all", "client_key all", "username all", "username me"])
  }

  /// The last value of a path that another route's word stands in the place of.
  private static func shadow(of other: [PathPattern.Segment], on own: [PathPattern.Segment]) -> (String, String)? {
    guard own.count == other.count else { return nil }
    var shadow: (String, String)?
    for (own, other) in zip(own, other) {
      switch (own, other) {
      case (.capture(let field), .literal(let word)): shadow = (field, word)
      case (.literal(let own), .literal(let other)) where own == other: continue
      case (.capture, .capture): continue
      default: return nil
      }
    }
    return shadow
  }
}
