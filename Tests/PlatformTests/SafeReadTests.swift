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
  private let setup = SafetySetup()

  @Test("is a read of the state with which this task took over, when it did so as the request came")
  func tookOver() async throws {
    let seen = Mutex<[UInt64]>([])
    let isDue = Mutex(false)
    let store = setup.store
    let services = try await setup.services(
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
    setup.peers.end()
    #expect(try await setup.send(.get, "/seen", services) == 200)
    #expect(seen.withLock { $0 } == [1])
  }

  @Test(
    "is a read of the state that is safe then, and not of a newer one, also where the client asks this task",
    arguments: [false, true])
  func read(staysHere: Bool) async throws {
    let seen = Mutex<[UInt64]>([])
    let services = try await setup.services([
      Route(.get, "/seen", "Read the state", .everyone) { call in
        seen.withLock { $0.append(call.state.sequence) }
        return .message("seen")
      }
    ])
    try setup.change()
    async let answer = setup.send(.get, "/seen", services, headers: staysHere ? [.handOn: "never"] : [:])
    var asked = setup.peers.asked.makeAsyncIterator()
    let state = await asked.next()
    #expect(state == 1)
    try setup.change()
    #expect(seen.withLock { $0 } == [])
    setup.peers.end()
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
    let services = try await setup.services([route], standby: { isLost.withLock { $0 ? Self.otherTask : nil } })
    try setup.change()
    async let answer = setup.send(.get, "/seen", services)
    var asked = setup.peers.asked.makeAsyncIterator()
    let state = await asked.next()
    #expect(state == 1)
    // The state of the other task takes the place of this one.
    try setup.change()
    isLost.withLock { $0 = true }
    setup.peers.end()
    setup.peers.end()
    let status = try await answer
    #expect(status == 200)
    #expect(seen.withLock { $0 } == [2])
  }

  @Test("is a login, also after the time that the password took")
  func login() async throws {
    let services = try await setup.services([])
    let password = "Correct-Horse-Battery-9"
    let hash = try await services.accounts.passwords.hash(password)
    try setup.store.write { (transaction) throws(StoreError) in
      _ = try transaction.insert(
        ["username": "somebody", "email": "somebody@example.org", "password": hash, "active": true],
        into: Collections.users)
    }
    let body = #"{"email": "somebody@example.org", "password": "\#(password)"}"#
    async let answer = setup.send(.post, "/platform/authorization", services, body: body)
    var asked = setup.peers.asked.makeAsyncIterator()
    let state = await asked.next()
    #expect(state == 1)
    // The user is disabled before the password is checked.
    try setup.store.write { (transaction) throws(StoreError) in
      _ = try transaction.update(
        in: Collections.users, .fields(["username": "somebody"]), [.set(FieldPath(field: "active"), false)])
    }
    setup.peers.end()
    setup.peers.end()
    let status = try await answer
    #expect(status == 400)
    #expect(await setup.waits() == [2])
  }

  @Test("is a change that is refused, unless the gateway itself is the reason", arguments: [400, 404, 503])
  func refusal(of status: Int) async throws {
    let services = try await setup.services([
      Route(.post, "/taken", "Take a name", .everyone) { [store = setup.store] _ in
        try store.write { (transaction) throws(StoreError) in
          try transaction.insert(["group_name": "g"], into: Collections.groups)
        }
        throw APIError(status, "GRP001", "The name is taken")
      }
    ])
    setup.peers.end()
    #expect(try await setup.send(.post, "/taken", services) == status)
    #expect(await setup.waits() == (status < 500 ? [1] : []))
  }

  @Test(
    "is one that is refused for its user, also where it changes nothing or asks about the task",
    arguments: [(HTTPRequest.Method.post, "/platform/memory/dump"), (.delete, "/api/caches")])
  func refusedUser(method: HTTPRequest.Method, path: String) async throws {
    let services = try await setup.services([])
    try setup.change()
    setup.peers.end()
    #expect(try await setup.send(method, path, services) == 401)
    #expect(await setup.waits() == [1])
  }

  @Test("is one that is refused for its address")
  func refusedAddress() async throws {
    let services = try await setup.services([])
    try setup.store.write { (transaction) throws(StoreError) in
      _ = try transaction.insert(
        ["type": .string(SecuritySettings.type), "ip_blacklist": ["192.0.2.1"]], into: Collections.settings)
    }
    setup.peers.end()
    #expect(try await setup.send(.get, "/api/status", services, from: "192.0.2.1") == 403)
    #expect(await setup.waits() == [1])
  }

  @Test("is none that asks about the task, and no change before it is made")
  func others() async throws {
    let made = Mutex(false)
    let services = try await setup.services([
      Route(.post, "/made", "Make something", .everyone) { _ in
        made.withLock { $0 = true }
        return .message("made")
      }
    ])
    setup.peers.end()
    setup.peers.end()
    #expect(try await setup.send(.get, "/api/health", services) == 200)
    #expect(try await setup.send(.post, "/made", services, headers: [.handOn: "never"]) == 200)
    #expect(made.withLock { $0 })
    #expect(await setup.waits() == [])
  }
}
