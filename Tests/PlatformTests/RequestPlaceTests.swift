import Authentication
import DocumentStore
import HTTPAPI
import HTTPTypes
import Hummingbird
import JSON
import Logging
import Model
import NIOCore
import NIOEmbedded
import NIOPosix
import Synchronization
import Testing

@testable import Platform

/// The event loop of a connection.
private final class Loop: TaskExecutor {
  private let eventLoop = MultiThreadedEventLoopGroup.singleton.next()

  var isHere: Bool { eventLoop.inEventLoop }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}

@Suite("The place at which a request is answered")
struct RequestPlaceTests {
  /// Remembers where it was asked.
  private final class DataPlane: DataPlanePort {
    func part(of limit: Int, window: Int) -> Int { limit }
    let loop: Loop
    let wasOnLoop = Mutex<Bool?>(nil)

    init(_ loop: Loop) { self.loop = loop }

    func metricsText(clientConnections: Int) async -> String {
      wasOnLoop.withLock { $0 = loop.isHere }
      return ""
    }
    func statusFigures() async -> (pools: JSONValue, breakers: JSONValue) { ([], []) }
    func clearCaches() {}
    func bandwidthUsed(by username: String, limit: UserLimits.Bandwidth, now: Int) -> Int { 0 }
  }

  private func get(_ path: String, _ services: PlatformServices, on loop: Loop) async throws -> Int {
    var context = CallContext(
      source: ApplicationRequestContextSource(channel: EmbeddedChannel(), logger: services.logger))
    context.client = NetworkAddress("127.0.0.1")
    let client = context
    let head = HTTPRequest(method: .get, scheme: "http", authority: "a", path: path)
    return try await withTaskExecutorPreference(loop) {
      let request = Request(head: head, body: RequestBody(buffer: .init()))
      return try await PlatformResponder(services).respond(to: request, context: client).status.code
    }
  }

  @Test("is the event loop for a little, and not for what may be long")
  func long() async throws {
    let loop = Loop()
    let dataPlane = DataPlane(loop)
    let small = Mutex<Bool?>(nil)
    let resource = Resource([
      Route(.get, "/small", "Read a little", .everyone) { _ in
        small.withLock { $0 = loop.isHere }
        return .message("small")
      }
    ])
    let services = try await TestPlatform.services(
      store: DocumentStore(schemas: Collections.schemas), resources: Resource.all + [resource], dataPlane: dataPlane)
    #expect(try await get("/small", services, on: loop) == 200)
    #expect(small.withLock { $0 } == true)
    #expect(try await get("/metrics", services, on: loop) == 200)
    #expect(dataPlane.wasOnLoop.withLock { $0 } == false)
    let routes = services.resources.flatMap(\.routes)
    let long = routes.filter(\.readsMuch).map { $0.pattern.template }
    #expect(long.contains("/metrics") && routes.filter { !$0.query.isEmpty }.allSatisfy(\.readsMuch))
    #expect(long.contains("/platform/endpoint/{api_name}/{api_version}"))
  }
}
