import DocumentStore
import JSON
import Model
import RateLimiting
import Synchronization

/// A user, compiled: all that the checks of a call need.
final class UserPlan: Sendable {
  let username: String
  /// Whether the name can stand in a header field. A foreign dump may hold any name.
  let isNameSendable: Bool
  let isAdmin: Bool
  let role: String?
  let groups: BitSet
  /// The APIs, by their numbers.
  let subscriptions: BitSet
  let limits: UserLimits
  let counters: UserCounters

  init(
    _ record: UserRecord, _ subscriptions: SubscriptionRecord?, _ parts: GatewayTable.Parts, _ counters: UserCounters
  ) {
    username = record.username
    isNameSendable = record.username.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    role = record.role
    isAdmin = RoleRecord.isAdmin(record.role)
    groups = parts.groupNumbers.known(record.groups)
    self.subscriptions = parts.apiNumbers.known(subscriptions?.apis ?? [])
    limits = record.limits
    self.counters = counters
  }
}

/// Compiled users, which all event loops share. An event loop asks for a user once for each token and table.
final class UserPlans: Sendable {
  private struct Entry: Sendable {
    let user: Document
    let subscriptions: Document?
    /// The versions of the numbers.
    let apis: Int
    let groups: Int
    let plan: UserPlan
  }

  private struct State: Sendable {
    var plans = GenerationalCache<UTF8Key, Entry>(capacity: 16_384)
    var counters = UserCounterTable()
  }

  private let state = Mutex(State())
  private let shares: CurrentShares

  init(_ shares: CurrentShares) { self.shares = shares }

  /// The number of users with counters.
  var counted: Int { state.withLock { $0.counters.count } }

  /// The user of a name, or `nil` when there is none or it is not active.
  ///
  /// - Parameter now: Unix seconds.
  func plan(_ username: String, in table: GatewayTable, now: Int) -> UserPlan? {
    let (model, key) = (table.model, UTF8Key(username))
    guard let user = model.first(in: Collections.users, where: "username", is: username) else { return nil }
    let subscriptions = model.first(in: Collections.subscriptions, where: "username", is: username)
    let now = shares.shares().clock.seconds(now)
    let (apis, groups) = (table.parts.apiNumbers.version, table.parts.groupNumbers.version)
    return state.withLock { state in
      let kept = state.plans.find(key) { entry in
        entry.user.isIdentical(to: user) && Self.areIdentical(entry.subscriptions, subscriptions)
          && entry.apis == apis && entry.groups == groups
      }
      if let kept { return kept.plan }
      let record = UserRecord(user)
      guard record.isActive else { return nil }
      let counters = state.counters.counters(for: key, now: now, users: model.count(in: Collections.users)) { name in
        model.first(in: Collections.users, where: "username", is: name.text) != nil
      }
      let plan = UserPlan(record, subscriptions.map { SubscriptionRecord($0) }, table.parts, counters)
      state.plans.insert(
        Entry(user: user, subscriptions: subscriptions, apis: apis, groups: groups, plan: plan), for: key)
      return plan
    }
  }

  /// The counters of a user, or `nil` when nothing of it counts.
  func counters(_ username: String) -> UserCounters? {
    state.withLock { $0.counters.counters(of: UTF8Key(username)) }
  }

  /// Lets all users begin their windows of calls anew.
  func clearCalls() {
    for counters in state.withLock({ $0.counters.all }) { counters.clearCalls() }
  }

  private static func areIdentical(_ left: Document?, _ right: Document?) -> Bool {
    switch (left, right) {
    case (nil, nil): true
    case (let left?, let right?): left.isIdentical(to: right)
    default: false
    }
  }
}

extension UserPlans: CounterSource {
  /// The longest name whose counters other tasks know of.
  private static let longestName = 4096

  func counter(_ key: CounterKey) -> any SharedCounter {
    let now = shares.shares().clock.seconds(LoopState.unixSeconds())
    let name = UTF8Key(String(decoding: key.name, as: UTF8.self))
    let counters = state.withLock { state in
      // Nobody knows here how many users there are, so only counters are given up whose windows have ended.
      state.counters.counters(for: name, now: now, users: 1 << 40) { _ in true }
    }
    return counters.counter(key.kind)
  }

  func forEach(_ body: (any SharedCounter, () -> CounterKey) -> Void) {
    Self.show(state.withLock { $0.counters.named }, body)
  }

  /// The users in one part. Copying it takes less than 0.2 ms.
  private static let part = 4096

  func forEachInParts(_ body: (any SharedCounter, () -> CounterKey) -> Void) {
    var end = state.withLock { $0.counters.count }
    while end > 0 {
      Self.show(state.withLock { $0.counters.named(before: end, count: Self.part) }, body)
      end -= Self.part
    }
  }

  func forEach(from place: Int, atMost most: Int, _ body: (any SharedCounter, () -> CounterKey) -> Bool) -> Int {
    var place = place
    var left = min(state.withLock { $0.counters.count }, most / CounterKey.Kind.allCases.count)
    while left > 0 {
      let users = state.withLock { state in
        if place >= state.counters.count { place = 0 }
        return state.counters.named(from: place, count: min(left, Self.part))
      }
      guard !users.isEmpty else { return 0 }
      for (name, counters) in users {
        for kind in CounterKey.Kind.allCases where name.text.utf8.count <= Self.longestName {
          guard body(counters.counter(kind), { CounterKey(kind, Array(name.text.utf8)) }) else { return place }
        }
        place += 1
      }
      left -= users.count
    }
    return place
  }

  private static func show(
    _ named: [(UTF8Key, UserCounters)], _ body: (any SharedCounter, () -> CounterKey) -> Void
  ) {
    for (name, counters) in named where name.text.utf8.count <= longestName {
      for kind in CounterKey.Kind.allCases {
        body(counters.counter(kind)) { CounterKey(kind, Array(name.text.utf8)) }
      }
    }
  }
}
