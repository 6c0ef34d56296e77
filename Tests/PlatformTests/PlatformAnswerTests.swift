import DocumentStore
import HTTPAPI
import HTTPTypes
import Hummingbird
import Logging
import Model
import NIOCore
import NIOEmbedded
import Testing

@testable import Platform

@Suite("An answer of the platform")
struct PlatformAnswerTests {
  private func answer(
    _ method: HTTPRequest.Method, _ path: String, _ fields: HTTPFields = [:]
  ) async throws -> HTTPResponse {
    let services = try await TestPlatform.services(store: DocumentStore(schemas: Collections.schemas))
    var context = CallContext(
      source: ApplicationRequestContextSource(channel: EmbeddedChannel(), logger: services.logger))
    context.client = NetworkAddress("127.0.0.1")
    let head = HTTPRequest(method: method, scheme: "http", authority: "a", path: path, headerFields: fields)
    let request = Request(head: head, body: RequestBody(buffer: .init()))
    return try await PlatformResponder(services).respond(to: request, context: context).head
  }

  @Test("depends on the origin below /platform/, and on the encoding below /api/")
  func vary() async throws {
    let origin: HTTPFields = [.origin: "http://localhost:3000"]
    for path in ["/api/health", "/api/status", "/api/none"] {
      let fields = try await answer(.get, path, origin).headerFields
      #expect(fields[values: .vary] == ["Accept-Encoding"], "\(path)")
      #expect(fields[.accessControlAllowOrigin] == nil, "\(path)")
    }
    for path in ["/platform/monitor/liveness", "/platform/user/me", "/platform/none"] {
      let fields = try await answer(.get, path, origin).headerFields
      #expect(fields[values: .vary] == ["Origin"], "\(path)")
      #expect(fields[.accessControlAllowOrigin] == "http://localhost:3000", "\(path)")
    }
  }

  @Test("to a preflight comes from the route below /api/, and from the platform's policy below /platform/")
  func preflights() async throws {
    let fields: HTTPFields = [.origin: "https://evil.example.com", .accessControlRequestMethod: "DELETE"]
    #expect(try await answer(.options, "/api/caches", fields).status.code == 204)
    #expect(try await answer(.options, "/api/health", fields).status.code == 405)
    #expect(try await answer(.options, "/platform/group", fields).status.code == 400)
  }

  @Test("to a request without a login names the way to log in")
  func challenges() async throws {
    let refused = try await answer(.get, "/platform/user/me")
    #expect(refused.status.code == 401 && refused.headerFields[.wwwAuthenticate] == "Bearer")
    #expect(try await answer(.get, "/platform/none").headerFields[.wwwAuthenticate] == nil)
  }

  @Test("to a wrong method names HEAD where GET works")
  func allowed() async throws {
    let wrong = try await answer(.put, "/api/health")
    #expect(wrong.status.code == 405 && wrong.headerFields[.allow] == "GET, HEAD")
    #expect(try await answer(.head, "/api/health").status.code == 200)
  }

  @Test("refuses a body that is declared too long before the route and the login, but for two exceptions")
  func longBodies() async throws {
    let fields: HTTPFields = [.contentLength: "1048577"]
    for (method, path, status) in [
      (HTTPRequest.Method.delete, "/api/caches", 413), (.post, "/platform/api", 413), (.post, "/platform/none", 413),
      (.get, "/api/health", 413), (.get, "/none", 404), (.put, "/platform/security/settings", 401),
      (.get, "/platform/monitor/none", 404),
    ] {
      #expect(try await answer(method, path, fields).status.code == status, "\(path)")
    }
    #expect(try await answer(.post, "/platform/api", [.contentLength: "1048576"]).status.code == 401)
  }
}
