import Authentication
import DocumentStore
import JSON
import Logging
import Logs
import Model
import RateLimiting

@testable import Gateway

/// A gateway over a store with documents, whose time stands still.
final class TestGateway {
  static let defaults = SecuritySettings.Defaults(
    enableAutoSave: false, autoSaveFrequencySeconds: 900, dumpPath: "/d/x.bin", allowLocalhostBypass: false)

  let store = DocumentStore(schemas: Collections.schemas)
  let model: CurrentModel
  let tokens: Tokens
  let gateway: Gateway
  var sessions = SessionCache()
  /// Unix seconds.
  var now = 1_000_000

  init(_ configuration: GatewayConfiguration = GatewayConfiguration(), loopCount: Int = 1) async throws {
    model = CurrentModel(following: store, defaults: Self.defaults)
    tokens = try await Tokens(keys: [TokenKey(secret: "a secret of the tests")])
    gateway = Gateway(
      configuration, store: store, model: model, tokens: tokens, accessLog: .none, logger: Logger(label: "test"),
      loopCount: loopCount, isServing: { true })
  }

  func insert(_ fields: JSONObject, into collection: String) throws {
    try store.write { (transaction) throws(StoreError) in try transaction.insert(fields, into: collection) }
  }

  func set(_ fields: JSONObject, of filter: Filter, in collection: String) throws {
    try store.write { (transaction) throws(StoreError) in
      try transaction.update(in: collection, filter, fields.members.map { .set(FieldPath(field: $0.key), $0.value) })
    }
  }

  func delete(_ filter: Filter, from collection: String) throws {
    try store.write { (transaction) throws(StoreError) in transaction.delete(from: collection, filter) }
  }

  var table: GatewayTable { gateway.table.newestTable() }

  /// A token of a user.
  func token(_ username: String, lifetime: Int = 1000) throws -> String {
    let requester = Requester(username: username, role: "developer", permissions: [])
    return try tokens.sign(
      AccessToken(requester: requester, mayUseInterface: false, now: now, lifetime: lifetime))
  }

  func checks() -> CallChecks { CallChecks(gateway) }

  /// Checks a call.
  func admit(
    _ method: String = "GET", _ path: String = "orders/v1/items/7", token: String? = nil,
    _ fields: [(String, String)] = [], from address: String = "192.0.2.1"
  ) throws -> Admission {
    let authorization = token.map { [("Authorization", "Bearer \($0)")] } ?? []
    let head = try Heads.decoded(method, "/api/rest/" + path, [("Host", "gateway")] + authorization + fields)
    return try checks().admit(head, socket: NetworkAddress(address), now: now, sessions: &sessions)
  }

  /// The failure of a call, or `nil` when it is admitted.
  func failure(
    _ method: String = "GET", _ path: String = "orders/v1/items/7", token: String? = nil,
    _ fields: [(String, String)] = [], from address: String = "192.0.2.1"
  ) throws -> CallFailure? {
    do {
      _ = try admit(method, path, token: token, fields, from: address)
      return nil
    } catch let refusal as Refusal {
      return refusal.failure
    }
  }

  /// The numbers of calls in the windows of a minute and an hour that count against a user. The question itself counts
  /// as a call.
  func probe(_ username: String) -> (minute: Int, hour: Int) {
    guard let counters = gateway.users.counters(username) else { return (0, 0) }
    let numbers = [(counters.rate, 60), (counters.throttle, 3600)].map { counter, window in
      counter.count(upTo: .max, window: window, now: now) ?? 0
    }
    return (numbers[0], numbers[1])
  }

  /// The API `orders/v1` of the group `g` with one endpoint, and the user `alice` who may call it.
  func insertOrders(
    api: JSONObject = [:], endpoint: JSONObject = [:], user: JSONObject = [:], isSubscribed: Bool = true
  ) throws {
    let standard: JSONObject = [
      "api_name": "orders", "api_version": "v1", "api_allowed_groups": ["g"], "api_servers": ["http://127.0.0.1:1"],
    ]
    try insert(standard.merging(api), into: Collections.apis)
    let items: JSONObject = [
      "api_name": "orders", "api_version": "v1", "endpoint_method": "GET", "endpoint_uri": "/items/{id}",
      "endpoint_id": "e",
    ]
    try insert(items.merging(endpoint), into: Collections.endpoints)
    let alice: JSONObject = ["username": "alice", "email": "a@b.c", "role": "developer", "groups": ["g"]]
    try insert(alice.merging(user), into: Collections.users)
    if isSubscribed { try insert(["username": "alice", "apis": ["orders/v1"]], into: Collections.subscriptions) }
  }
}
