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
import Synchronization
import Testing

@testable import Platform

@Suite("A request that shows changes of others")
struct SafeReadTests {
  /// A link whose waits end when a test says so.
  private final class Peers: WriterPort {
    /// The states that were waited for.
    let asked: AsyncStream<UInt64>
    private let asks: AsyncStream<UInt64>.Continuation
    private let answers: AsyncStream<Void>
    private let answer: AsyncStream<Void>.Continuation

    init() {
      (asked, asks) = AsyncStream.makeStream(of: UInt64.self)
      (answers, answer) = AsyncStream.makeStream(of: Void.self)
    }

    /// Ends a wait, also one that has not begun.
    func end() { answer.yield() }

    /// Ends the list of states.
    func finish() { asks.finish() }

    func waitUntilSafe(_ sequence: UInt64) async {
      asks.yield(sequence)
      for await _ in answers { return }
    }

    var patience: Duration { .zero }
    var metricsText: String { "" }
    func beginWaiting() -> Bool { true }
    func endWaiting() {}
    func forward(_ request: ForwardedRequest) async -> ForwardOutcome { .notMade(reason: "", isPassing: false) }
    func readNewest() async {}
    func expects(_ beginning: [UInt8]) -> Bool { false }
    func serve(
      _ message: [UInt8], _ run: @Sendable (ForwardedRequest) async -> ServedOutcome
    ) async throws(APIError) -> [UInt8] {
      throw APIError(403, "GTW506", "It is no message")
    }
  }

  private let store = DocumentStore(schemas: Collections.schemas)
  private let peers = Peers()

  private func change() throws {
    try store.write { (transaction) throws(StoreError) in
      let number = store.snapshot().sequence
      try transaction.insert(["group_name": .string("g\(number)")], into: Collections.groups)
    }
  }

  /// The states of all waits.
  private func waits() async -> [UInt64] {
    peers.finish()
    return await peers.asked.reduce(into: [UInt64]()) { $0.append($1) }
  }

  private func services(
    _ routes: [Route], standby: @escaping @Sendable () -> Standby? = { nil }
  ) async throws -> PlatformServices {
    try await TestPlatform.services(
      store: store, standbyNow: standby, peers: peers, resources: Resource.all + [Resource(routes)])
  }

  private func send(
    _ method: HTTPRequest.Method, _ path: String, _ services: PlatformServices, headers: HTTPFields = [:],
    body: String = "", from address: String = "127.0.0.1"
  ) async throws -> Int {
    var context = CallContext(
      source: ApplicationRequestContextSource(channel: EmbeddedChannel(), logger: services.logger))
    context.client = NetworkAddress(address)
    let head = HTTPRequest(method: method, scheme: "http", authority: "a", path: path, headerFields: headers)
    let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(string: body)))
    return try await PlatformResponder(services).respond(to: request, context: context).status.code
  }

  @Test("is a read of the state with which this task took over, when it did so as the request came")
  func tookOver() async throws {
    let seen = Mutex<[UInt64]>([])
    let isDue = Mutex(false)
    let store = store
    let services = try await services(
      [
        Route(.get, "/seen", "Read the state", .everyone) { call in
          seen.withLock { $0.append(call.state.sequence) }
          return .message("seen")
        }
      ],
      standby: {
        // The change of another task, which this one reads as it takes over.
        if isDue.withLock({ due in (due, due = false).0 }) {
          _ = try? store.write { (transaction) throws(StoreError) in
            try transaction.insert(["group_name": "last"], into: Collections.groups)
          }
        }
        return nil
      })
    isDue.withLock { $0 = true }
    peers.end()
    #expect(try await send(.get, "/seen", services) == 200)
    #expect(seen.withLock { $0 } == [1])
  }

  @Test(
    "is a read of the state that is safe then, and not of a newer one, also where the client asks this task",
    arguments: [false, true])
  func read(staysHere: Bool) async throws {
    let seen = Mutex<[UInt64]>([])
    let services = try await services([
      Route(.get, "/seen", "Read the state", .everyone) { call in
        seen.withLock { $0.append(call.state.sequence) }
        return .message("seen")
      }
    ])
    try change()
    async let answer = send(.get, "/seen", services, headers: staysHere ? [.handOn: "never"] : [:])
    var asked = peers.asked.makeAsyncIterator()
    let state = await asked.next()
    #expect(state == 1)
    try change()
    #expect(seen.withLock { $0 } == [])
    peers.end()
    let status = try await answer
    #expect(status == 200)
    #expect(seen.withLock { $0 } == [1])
  }

  private static let otherTask = Standby(reason: "another task holds the lease", isForOthers: true)

  @Test("is a read of the newest state when another task takes the lease while it waits")
  func lost() async throws {
    let seen = Mutex<[UInt64]>([])
    let isLost = Mutex(false)
    let route = Route(.get, "/seen", "Read the state", .everyone) { call in
      seen.withLock { $0.append(call.state.sequence) }
      return .message("seen")
    }
    let services = try await services([route], standby: { isLost.withLock { $0 ? Self.otherTask : nil } })
    try change()
    async let answer = send(.get, "/seen", services)
    var asked = peers.asked.makeAsyncIterator()
    let state = await asked.next()
    #expect(state == 1)
    // The state of the other task takes the place of this one.
    try change()
    isLost.withLock { $0 = true }
    peers.end()
    peers.end()
    let status = try await answer
    #expect(status == 200)
    #expect(seen.withLock { $0 } == [2])
  }

  @Test("is a login, also after the time that the password took")
  func login() async throws {
    let services = try await services([])
    let password = "Correct-Horse-Battery-9"
    let hash = try await services.accounts.passwords.hash(password)
    try store.write { (transaction) throws(StoreError) in
      _ = try transaction.insert(
        ["username": "somebody", "email": "somebody@example.org", "password": hash, "active": true],
        into: Collections.users)
    }
    let body = #"{"email": "somebody@example.org", "password": "\#(password)"}"#
    async let answer = send(.post, "/platform/authorization", services, body: body)
    var asked = peers.asked.makeAsyncIterator()
    let state = await asked.next()
    #expect(state == 1)
    // The user is disabled before the password is checked.
    try store.write { (transaction) throws(StoreError) in
      _ = try transaction.update(
        in: Collections.users, .fields(["username": "somebody"]), [.set(FieldPath(field: "active"), false)])
    }
    peers.end()
    peers.end()
    let status = try await answer
    #expect(status == 400)
    #expect(await waits() == [2])
  }

  @Test("is a change that is refused, unless the gateway itself is the reason", arguments: [400, 404, 503])
  func refusal(of status: Int) async throws {
    let services = try await services([
      Route(.post, "/taken", "Take a name", .everyone) { [store] _ in
        try store.write { (transaction) throws(StoreError) in
          try transaction.insert(["group_name": "g"], into: Collections.groups)
        }
        throw APIError(status, "GRP001", "The name is taken")
      }
    ])
    peers.end()
    #expect(try await send(.post, "/taken", services) == status)
    #expect(await waits() == (status < 500 ? [1] : []))
  }

  @Test(
    "is one that is refused for its user, also where it changes nothing or asks about the task",
    arguments: [(HTTPRequest.Method.post, "/platform/memory/dump"), (.delete, "/api/caches")])
  func refusedUser(method: HTTPRequest.Method, path: String) async throws {
    let services = try await services([])
    try change()
    peers.end()
    #expect(try await send(method, path, services) == 401)
    #expect(await waits() == [1])
  }

  @Test("is one that is refused for its address")
  func refusedAddress() async throws {
    let services = try await services([])
    try store.write { (transaction) throws(StoreError) in
      _ = try transaction.insert(
        ["type": .string(SecuritySettings.type), "ip_blacklist": ["192.0.2.1"]], into: Collections.settings)
    }
    peers.end()
    #expect(try await send(.get, "/api/status", services, from: "192.0.2.1") == 403)
    #expect(await waits() == [1])
  }

  @Test("is none that asks about the task, and no change before it is made")
  func others() async throws {
    let made = Mutex(false)
    let services = try await services([
      Route(.post, "/made", "Make something", .everyone) { _ in
        made.withLock { $0 = true }
        return .message("made")
      }
    ])
    peers.end()
    peers.end()
    #expect(try await send(.get, "/api/health", services) == 200)
    #expect(try await send(.post, "/made", services, headers: [.handOn: "never"]) == 200)
    #expect(made.withLock { $0 })
    #expect(await waits() == [])
  }
}
