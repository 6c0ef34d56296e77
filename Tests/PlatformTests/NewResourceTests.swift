import Authentication
import DocumentStore
import HTTPAPI
import HTTPTypes
import JSON
import Model
import Rules
import Testing

@testable import Platform

/// The rules of a resource that the gateway does not have.
private enum Bookmarks {
  static let collection = "bookmarks"

  static func create(_ fields: JSONObject, in transaction: inout Transaction) throws(RuleViolation) {
    guard transaction.first(in: collection, .fields(["name": fields["name"]?.string ?? ""])) == nil else {
      throw RuleViolation("BKM001", "There is a bookmark of this name")
    }
    do {
      try transaction.insert(fields, into: collection)
    } catch {
      throw RuleViolation("BKM001", "\(error)")
    }
  }
}

/// Its routes and bodies.
private enum BookmarkRoutes {
  static let body = BodyModel(
    "CreateBookmarkModel", [.name("name", .required, length: 1...50, .segment(taken: ["all"]))])

  static let routes: [Route] = [
    .create(
      "/platform/bookmark", "Create a bookmark", .permission(.manageGateway, "BKM002"), body: body,
      failures: [400: ["BKM001"]], message: "Bookmark created"
    ) { _, fields, transaction in try Bookmarks.create(fields, in: &transaction) },
    .list(
      "/platform/bookmark/all", "List bookmarks", .user(), "bookmarks", of: Bookmarks.collection, by: .field("name")),
  ]
}

@Suite("A new resource")
struct NewResourceTests {
  private let store = DocumentStore(schemas: Collections.schemas)

  private func call(_ services: PlatformServices, body: CheckedBody? = nil) -> Call {
    let requester = Requester(username: "admin", role: "admin", permissions: Set(Permission.allCases))
    let token = AccessToken(requester: requester, mayUseInterface: false, now: 0, lifetime: 60)
    return Call(
      id: "1", host: nil, headers: [:], parameters: [:], query: [:],
      caller: Caller(socket: nil, forwardedFor: [], isForwarded: false),
      session: Session(requester: requester, token: token, isFromCookie: false), body: body, bytes: [],
      state: services.model.version(), maximumPageSize: 200, writer: services.writer)
  }

  @Test("is one registration: it is routed, described, checked, and answers with declared statuses")
  func registration() async throws {
    let services = try await TestPlatform.services(
      store: store, resources: Resource.all + [Resource(BookmarkRoutes.routes)])
    let table = RouteTable(services.resources.flatMap(\.routes))
    guard case .route(let create, _) = table.match(.post, "/platform/bookmark"),
      case .route(let list, _) = table.match(.get, "/platform/bookmark/all")
    else {
      Issue.record("it is not routed")
      return
    }
    let body = try BookmarkRoutes.body.check(["name": "é"])
    let answer = try await create.answer(call(services, body: body), services)
    #expect(Envelope.plain.wrap(answer).status == 201)
    #expect(Envelope.plain.wrap(answer).body == ["message": "Bookmark created"])
    let error = await #expect(throws: APIError.self) {
      try await create.answer(call(services, body: body), services)
    }
    #expect(error?.status == 400 && error?.code == "BKM001")
    let listed = try await list.answer(call(services), services)
    let names = Envelope.plain.wrap(listed).body?.object?["bookmarks"]?.array?.compactMap { $0.object?["name"]?.string }
    #expect(names == ["é"])
    #expect(throws: BodyFaults.self) { try BookmarkRoutes.body.check(["name": "all"]) }

    let document = PlatformServices.document(of: services.resources, version: "1").json
    let operation = document.object?["paths"]?.object?["/platform/bookmark"]?.object?["post"]?.object
    #expect(operation?["x-permission"] == "manage_gateway")
    #expect(operation?["responses"]?.object?["403"]?.object?["description"]?.string?.contains("BKM002") == true)
    #expect(operation?["responses"]?.object?["400"]?.object?["description"]?.string?.contains("BKM001") == true)
    #expect(document.object?["components"]?.object?["schemas"]?.object?["CreateBookmarkModel"] != nil)
  }
}
