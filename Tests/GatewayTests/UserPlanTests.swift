import Authentication
import DocumentStore
import JSON
import Model
import RateLimiting
import Testing

@testable import Gateway

@Suite("Compiled users")
struct UserPlanTests {
  @Test("follow subscriptions, groups, roles and their documents at the next call")
  func changes() async throws {
    let test = try await TestGateway()
    try test.insertOrders(isSubscribed: false)
    let token = try test.token("alice")
    func code() throws -> String? { try test.failure(token: token)?.code }
    #expect(try code() == "GTW403")
    try test.insert(["username": "alice", "apis": ["orders/v1"]], into: Collections.subscriptions)
    #expect(try code() == nil)
    try test.set(["apis": ["orders/v2"]], of: .everything, in: Collections.subscriptions)
    #expect(try code() == "GTW403")
    try test.set(["apis": ["orders/v1"]], of: .everything, in: Collections.subscriptions)
    try test.set(["groups": ["other"]], of: .everything, in: Collections.users)
    #expect(try code() == "GTW402")
    try test.set(["api_allowed_groups": ["x", "other"]], of: .everything, in: Collections.apis)
    #expect(try code() == nil)
    try test.set(["api_allowed_roles": ["admin"]], of: .everything, in: Collections.apis)
    #expect(try code() == "GTW014")
    try test.set(["role": "admin"], of: .everything, in: Collections.users)
    #expect(try code() == nil)
    try test.delete(.everything, from: Collections.subscriptions)
    #expect(try code() == nil, "an admin needs none")
    try test.set(["active": false], of: .everything, in: Collections.users)
    #expect(try code() == "GTW401")
    try test.set(["active": true], of: .everything, in: Collections.users)
    #expect(try code() == nil)
    try test.delete(.everything, from: Collections.users)
    #expect(try code() == "GTW401")
  }

  @Test("have a subscription to an API that is created later")
  func laterAPI() async throws {
    let test = try await TestGateway()
    try test.insertOrders()
    try test.set(["apis": ["orders/v1", "later/v1"]], of: .everything, in: Collections.subscriptions)
    let token = try test.token("alice")
    #expect(try test.failure(token: token) == nil)
    try test.insert(
      ["api_name": "later", "api_version": "v1", "api_allowed_groups": ["g", "new"], "api_servers": ["http://a"]],
      into: Collections.apis)
    try test.insert(
      ["api_name": "later", "api_version": "v1", "endpoint_method": "GET", "endpoint_uri": "/x"],
      into: Collections.endpoints)
    #expect(try test.failure("GET", "later/v1/x", token: token) == nil)
    try test.set(["groups": ["new"]], of: .everything, in: Collections.users)
    #expect(try test.failure("GET", "later/v1/x", token: token) == nil)
    #expect(try test.failure(token: token)?.code == "GTW402")
  }

  @Test("have no right to an API that got the numbers of a deleted one and of its group")
  func reusedNumbers() async throws {
    let test = try await TestGateway()
    try test.insertOrders()
    let token = try test.token("alice")
    #expect(try test.failure(token: token) == nil)
    let number = try #require(test.table.api("orders", "v1")).number
    try test.delete(.everything, from: Collections.apis)
    let fields: JSONObject = ["api_version": "v1", "api_servers": ["http://a"]]
    let groups: JSONValue = ["h"]
    try test.insert(fields.merging(["api_name": "next", "api_allowed_groups": groups]), into: Collections.apis)
    try test.insert(
      ["api_name": "next", "api_version": "v1", "endpoint_method": "GET", "endpoint_uri": "/x"],
      into: Collections.endpoints)
    #expect(try #require(test.table.api("next", "v1")).number == number)
    #expect(try test.failure("GET", "next/v1/x", token: token)?.code == "GTW403")
    try test.set(["apis": ["next/v1"]], of: .everything, in: Collections.subscriptions)
    #expect(try test.failure("GET", "next/v1/x", token: token)?.code == "GTW402")
    try test.set(["groups": groups], of: .everything, in: Collections.users)
    #expect(try test.failure("GET", "next/v1/x", token: token) == nil)
  }

  @Test("are compiled once while their documents stay the same")
  func kept() async throws {
    let test = try await TestGateway()
    try test.insertOrders()
    let users = test.gateway.users
    let first = try #require(users.plan("alice", in: test.table, now: test.now))
    try test.insert(["username": "bob", "email": "b@b.c"], into: Collections.users)
    #expect(users.plan("alice", in: test.table, now: test.now) === first)
    try test.set(["role": "other"], of: .fields(["username": "alice"]), in: Collections.users)
    let second = try #require(users.plan("alice", in: test.table, now: test.now))
    #expect(second !== first && second.counters === first.counters)
    #expect(users.plan("nobody", in: test.table, now: test.now) == nil)
  }

  @Test("are told apart by the bytes of their names, and one that no field may hold is not sent")
  func names() async throws {
    let test = try await TestGateway()
    for (number, name) in ["r\u{E9}", "re\u{301}", "a\r\nb"].enumerated() {
      try test.insert(["username": .string(name), "email": .string("\(number)@b.c")], into: Collections.users)
    }
    let plans = ["r\u{E9}", "re\u{301}", "a\r\nb"].compactMap {
      test.gateway.users.plan($0, in: test.table, now: test.now)
    }
    #expect(plans.map(\.isNameSendable) == [true, true, false])
    #expect(plans[0] !== plans[1] && plans[0].counters !== plans[1].counters)
  }
}

@Suite("The sessions of an event loop")
struct SessionCacheTests {
  private func code(_ test: TestGateway, _ token: String) throws -> String? { try test.failure(token: token)?.code }

  @Test("end when their token is revoked, or all tokens of the user")
  func revocation() async throws {
    let test = try await TestGateway()
    try test.insertOrders()
    let (first, second) = (try test.token("alice"), try test.token("alice"))
    #expect(try code(test, first) == nil && code(test, second) == nil)
    let claims = try test.tokens.verify(first, now: test.now)
    try test.insert(["type": "jti", "jti": .string(claims.jti), "username": "alice"], into: Collections.revocations)
    #expect(try code(test, first) == "GTW401" && code(test, second) == nil)
    try test.insert(["type": "revoke_all", "username": "alice"], into: Collections.revocations)
    #expect(try code(test, second) == "GTW401")
    try test.delete(.everything, from: Collections.revocations)
    #expect(try code(test, second) == nil)
  }

  @Test("verify a token once, however often it is used and the table changes")
  func once() async throws {
    let test = try await TestGateway()
    try test.insertOrders()
    let token = try test.token("alice")
    let text = Array("Bearer \(token)".utf8)
    var read = 0
    func user() -> UserPlan? {
      test.sessions.user(
        text.span.bytes, in: test.table, now: test.now, tokens: test.tokens, users: test.gateway.users,
        token: {
          read += 1
          return token
        })
    }
    for _ in 0..<10 { #expect(user()?.username == "alice") }
    try test.insert(["username": "bob", "email": "bob@b.c"], into: Collections.users)
    for _ in 0..<10 { #expect(user()?.username == "alice") }
    #expect(read == 1)
  }

  @Test("end at the second in which their token expires")
  func expiry() async throws {
    let test = try await TestGateway()
    try test.insertOrders()
    let token = try test.token("alice", lifetime: 10)
    #expect(try code(test, token) == nil)
    test.now += 9
    #expect(try code(test, token) == nil)
    test.now += 1
    #expect(try code(test, token) == "GTW401")
  }

  @Test("are verified again when the clock is set back")
  func clockSetBack() async throws {
    let test = try await TestGateway()
    try test.insertOrders()
    let token = try test.token("alice", lifetime: 10)
    #expect(try code(test, token) == nil)
    test.now -= 5000
    #expect(try code(test, token) == nil, "the token has no beginning")
    test.now += 5005
    #expect(try code(test, token) == nil)
    test.now += 5
    #expect(try code(test, token) == "GTW401")
  }

  @Test("end when their user is deleted, and begin again with a user of the same name")
  func deletion() async throws {
    let test = try await TestGateway()
    try test.insertOrders()
    let token = try test.token("alice")
    #expect(try code(test, token) == nil)
    try test.delete(.everything, from: Collections.users)
    #expect(try code(test, token) == "GTW401")
    try test.insert(["username": "alice", "email": "x@b.c", "groups": ["g"]], into: Collections.users)
    #expect(try code(test, token) == nil)
  }

  @Test("are not given to a changed token, whose end may be the same")
  func changedToken() async throws {
    let test = try await TestGateway()
    try test.insertOrders()
    let token = try test.token("alice")
    #expect(try code(test, token) == nil)
    for changed in [String(token.dropFirst()), "x" + token.dropFirst(), token + "x", String(token.suffix(8)), ""] {
      #expect(try code(test, changed) == "GTW401", "\(changed)")
    }
    #expect(try code(test, token) == nil)
  }

  @Test("are given up when they have expired, so that short tokens leave nothing behind; a long one stays")
  func expired() async throws {
    let test = try await TestGateway()
    try test.insertOrders()
    let (used, seldom) = (try test.token("alice"), try test.token("alice", lifetime: 100_000))
    #expect(try code(test, seldom) == nil)
    for _ in 0..<10 {
      for number in 0..<50 { #expect(try code(test, test.token("alice", lifetime: 10 + number)) == nil) }
      test.now += 60
      #expect(try code(test, used) == nil)
    }
    #expect(test.sessions.count == 2)
    test.now += 90_000
    #expect(try code(test, seldom) == nil && test.sessions.count == 1)
  }

  @Test("are bounded: thousands of tokens, long ones too, leave the cache small")
  func bounds() async throws {
    let test = try await TestGateway()
    try test.insertOrders()
    for number in 0..<3000 {
      #expect(try code(test, test.token("alice", lifetime: 1000 + number)) == nil)
    }
    #expect(test.sessions.count <= 2048)
    let padded = String(repeating: " ", count: 5000) + (try test.token("alice"))
    let count = test.sessions.count
    #expect(try test.failure("GET", "orders/v1/items/7", token: padded) == nil)
    #expect(test.sessions.count == count)
  }

  @Test("are shown in turns when there are many, and again from where a look ended")
  func turns() async throws {
    let test = try await TestGateway()
    let users = test.gateway.limits.users
    let names = (0..<10).map { "user \($0)" }
    // Counters of windows that have not ended are kept.
    for name in names {
      let counter = users.counter(CounterKey(.rate, Array(name.utf8))) as? WindowCounter
      let count = counter?.count(upTo: 9, window: 31_536_000, now: LoopState.unixSeconds(), sharing: .alone)
      #expect(count != nil)
    }
    func look(from place: Int, atMost most: Int, until last: Int = .max) -> (seen: [String], place: Int) {
      var seen: [String] = []
      let place = users.forEach(from: place, atMost: most) { _, key in
        guard seen.count < last else { return false }
        seen.append(String(decoding: key().name, as: UTF8.self))
        return true
      }
      return (seen, place)
    }
    func threefold(_ range: Range<Int>) -> [String] { names[range].flatMap { [$0, $0, $0] } }
    var (seen, place) = look(from: 0, atMost: 12)
    #expect(seen == threefold(0..<4))
    (seen, place) = look(from: place, atMost: 15)
    #expect(seen == threefold(4..<9))
    (seen, place) = look(from: place, atMost: 6)
    #expect(seen == threefold(9..<10) + threefold(0..<1), "it goes on at the beginning")
    (seen, place) = look(from: place, atMost: 300)
    #expect(seen == threefold(1..<10) + threefold(0..<1), "nobody comes twice")
    (seen, place) = look(from: place, atMost: 300, until: 4)
    #expect(seen.count == 4)
    (seen, place) = look(from: place, atMost: 3)
    #expect(seen == threefold(2..<3), "the one for which there was no room comes again")
    (seen, place) = look(from: 1000, atMost: 3)
    #expect(seen == threefold(0..<1), "there may be fewer than before")
  }
}
