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
      Route(.post, "/missing", "Find nothing", .everyone) { _ in throw APIError(404, nil, "User not found") },
    ])
    setup.peers.hanging.withLock { $0 = setup.store.snapshot() }
    setup.peers.comesBack.withLock { $0 = comesBack }
    try setup.change()
    for _ in 0..<3 { setup.peers.end() }
    #expect(try await setup.send(.post, "/missing", services) == (comesBack ? 404 : 503))
    #expect(try await setup.send(.post, "/taken", services) == (comesBack ? 400 : 503))
    #expect(setup.peers.longAsks.withLock { $0 } == 2)
    #expect(try await setup.send(.post, "/limited", services) == 429)
    // Nobody has logged in, in neither state.
    #expect(try await setup.send(.post, "/platform/memory/dump", services) == 401)
    #expect(setup.peers.longAsks.withLock { $0 } == 2)
  }

  @Test("is answered once where it asks about the task, also when it is refused: its body can be read only once")
  func hangsTask() async throws {
    let calls = Mutex(0)
    let services = try await setup.services([
      Route(.get, "/task", "Ask the task", .everyone, isOfTask: true) { _ in
        calls.withLock { $0 += 1 }
        throw APIError(413, "GTW413", "It is too large")
      }
    ])
    setup.peers.hanging.withLock { $0 = setup.store.snapshot() }
    try setup.change()
    #expect(try await setup.send(.get, "/task", services) == 413)
    #expect(calls.withLock { $0 } == 1)
    #expect(await setup.waits() == [])
  }

  @Test("is no change when its address is denied by the state that the change is made in")
  func hangsChange() async throws {
    let made = Mutex(0)
    let services = try await setup.services([
      Route(.post, "/made", "Make something", .everyone) { _ in
        made.withLock { $0 += 1 }
        return .message("made")
      }
    ])
    setup.peers.hanging.withLock { $0 = setup.store.snapshot() }
    setup.peers.comesBack.withLock { $0 = true }
    try setup.store.write { (transaction) throws(StoreError) in
      _ = try transaction.insert(
        ["type": .string(SecuritySettings.type), "ip_blacklist": ["192.0.2.1"]], into: Collections.settings)
    }
    for _ in 0..<2 { setup.peers.end() }
    #expect(try await setup.send(.post, "/made", services, from: "192.0.2.1") == 403)
    #expect(made.withLock { $0 } == 0)
    #expect(try await setup.send(.post, "/made", services, from: "192.0.2.2") == 200)
  }

  @Test("is a login by the password of the safe state")
  func hangsLogin() async throws {
    let services = try await setup.services([])
    let passwords = ["Correct-Horse-Battery-9", "Other-Horse-Battery-9"]
    let hashes = try await [
      services.accounts.passwords.hash(passwords[0]), services.accounts.passwords.hash(passwords[1]),
    ]
    try setup.store.write { (transaction) throws(StoreError) in
      _ = try transaction.insert(
        ["username": "somebody", "email": "somebody@example.org", "password": hashes[0], "active": true],
        into: Collections.users)
    }
    setup.peers.hanging.withLock { $0 = setup.store.snapshot() }
    try setup.store.write { (transaction) throws(StoreError) in
      _ = try transaction.update(
        in: Collections.users, .fields(["username": "somebody"]), [.set(FieldPath(field: "password"), hashes[1])])
    }
    for _ in 0..<8 { setup.peers.end() }
    let statuses = try await [
      setup.send(.post, "/platform/authorization", services, body: Self.login(passwords[0])),
      setup.send(.post, "/platform/authorization", services, body: Self.login(passwords[1])),
    ]
    #expect(statuses == [200, 400])
  }

  private static func login(_ password: String) -> String {
    #"{"email": "somebody@example.org", "password": "\#(password)"}"#
  }
}
