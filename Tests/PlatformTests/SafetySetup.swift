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

/// A link whose waits end when a test says so.
final class SafetyPeers: WriterPort {
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

  func waitToShow(_ sequence: UInt64) async -> Snapshot? {
    asks.yield(sequence)
    for await _ in answers { break }
    return hanging.withLock { $0 }.flatMap { $0.sequence < sequence ? $0 : nil }
  }

  func waitLongToShow(_ sequence: UInt64) async -> Bool {
    longAsks.withLock { $0 += 1 }
    return hanging.withLock { $0 } == nil || comesBack.withLock { $0 }
  }

  /// The newest safe state while the volume hangs.
  let hanging = Mutex<Snapshot?>(nil)
  /// Whether the volume answers in the time of a change.
  let comesBack = Mutex(false)
  /// The waits that are as long as that of a change.
  let longAsks = Mutex(0)

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

/// A platform beside a link, and requests to it.
struct SafetySetup {
  let store = DocumentStore(schemas: Collections.schemas)
  let peers = SafetyPeers()

  func change() throws {
    try store.write { (transaction) throws(StoreError) in
      let number = store.snapshot().sequence
      try transaction.insert(["group_name": .string("g\(number)")], into: Collections.groups)
    }
  }

  /// The states of all waits.
  func waits() async -> [UInt64] {
    peers.finish()
    return await peers.asked.reduce(into: [UInt64]()) { $0.append($1) }
  }

  func services(
    _ routes: [Route], standby: @escaping @Sendable () -> Standby? = { nil }
  ) async throws -> PlatformServices {
    try await TestPlatform.services(
      store: store, standbyNow: standby, peers: peers, resources: Resource.all + [Resource(routes)])
  }

  func send(
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
}
