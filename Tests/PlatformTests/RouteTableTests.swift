import HTTPAPI
import HTTPTypes
import JSON
import Model
import Rules
import Testing

@testable import Platform

@Suite("The route table")
struct RouteTableTests {
  private let table = RouteTable(Resource.all.flatMap(\.routes))

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
      (.put, "/api/health", #"405 ["GET", "HEAD"]"#), (.put, "/api/caches", #"405 ["DELETE", "OPTIONS"]"#),
      (.patch, "/platform/user/alice", #"405 ["DELETE", "GET", "HEAD", "PUT"]"#),
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
    let names = Resource.all.flatMap(\.routes).map { "\($0.method.rawValue) \($0.pattern.template)" }
    #expect(Set(names).count == names.count)
  }

  @Test("hides no resource behind a route of its own: its name is refused")
  func shadowed() throws {
    let models = [Groups.createBody, Roles.createBody, Routings.createBody, Users.createBody, APIs.createBody]
    let routes = Resource.all.flatMap(\.routes)
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
