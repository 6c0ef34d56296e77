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

@Suite("While the volume hangs, a request that shows changes of others")
struct HangingReadTests {
  private let setup = SafetySetup()

  /// A route that shows the number of the state that it reads.
  private static func reading(_ seen: @escaping @Sendable (UInt64) -> Void) -> Route {
    Route(.get, "/seen", "Read the state", .everyone) { call in
      seen(call.state.sequence)
      return .message("seen")
    }
  }

  @Test("is answered from the newest safe state while the volume hangs")
  func hangs() async throws {
    let seen = Mutex<[UInt64]>([])
    let services = try await setup.services([Self.reading { number in seen.withLock { $0.append(number) } }])
    try setup.change()
    setup.peers.hanging.withLock { $0 = setup.store.snapshot() }
    try setup.change()
    for _ in 0..<2 {
      setup.peers.end()
      #expect(try await setup.send(.get, "/seen", services) == 200)
    }
    #expect(seen.withLock { $0 } == [1, 1])
    #expect(await setup.waits() == [2, 2])
  }

  @Test("is judged by the settings of the state that it shows: an address that was just allowed is none there")
  func hangsAddress() async throws {
    let services = try await setup.services([Self.reading { _ in }])
    func set(_ addresses: JSONValue) throws {
      try setup.store.write { (transaction) throws(StoreError) in
        _ = transaction.delete(from: Collections.settings, .everything)
        _ = try transaction.insert(
          ["type": .string(SecuritySettings.type), "ip_blacklist": addresses], into: Collections.settings)
      }
    }
    try set(["192.0.2.1"])
    setup.peers.hanging.withLock { $0 = setup.store.snapshot() }
    try set(["192.0.2.2"])
    for _ in 0..<3 { setup.peers.end() }
    #expect(try await setup.send(.get, "/seen", services, from: "192.0.2.1") == 403)
    #expect(try await setup.send(.get, "/seen", services, from: "192.0.2.2") == 200)
  }

  @Test(
    "is refused as the safe state says, and answered with 503 where only a change that hangs refuses it",
    arguments: [false, true])
  func hangsRefused(comesBack: Bool) async throws {
    let services = try await setup.services([
      Route(.post, "/taken", "Take a name", .everyone) { _ in throw APIError(400, "GRP001", "The name is taken") },
      Route(.post, "/limited", "Do much", .everyone) { _ in throw APIError(429, "LIM001", "That was too much") },
    ])
    setup.peers.hanging.withLock { $0 = setup.store.snapshot() }
    setup.peers.comesBack.withLock { $0 = comesBack }
    try setup.change()
    for _ in 0..<2 { setup.peers.end() }
    #expect(try await setup.send(.post, "/taken", services) == (comesBack ? 400 : 503))
    #expect(setup.peers.longAsks.withLock { $0 } == 1)
    #expect(try await setup.send(.post, "/limited", services) == 429)
    // Nobody has logged in, in neither state.
    #expect(try await setup.send(.post, "/platform/memory/dump", services) == 401)
    #expect(setup.peers.longAsks.withLock { $0 } == 1)
  }
}
