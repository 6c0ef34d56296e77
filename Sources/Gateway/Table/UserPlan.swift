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

/// The calls and bytes that count against a user's limits.
final class UserCounters: Sendable {
  let rate = WindowCounter()
  let throttle = WindowCounter()
  let bandwidth = WindowSum()

  /// Forgets calls; the bytes stay.
  func clearCalls() {
    rate.clear()
    throttle.clear()
  }
}

/// Compiled users, which all event loops share. An event loop asks for a user once for each token and table.
final class UserPlans: Sendable {
  fileprivate struct Entry: Sendable {
    let user: Document
    let subscriptions: Document?
    let apis: Int
    let groups: Int
    let plan: UserPlan
  }

  fileprivate struct State: Sendable {
    var newer: [UTF8Key: Entry] = [:]
    var older: [UTF8Key: Entry] = [:]
    /// The counters of users, for the time of the process.
    var counters: [UTF8Key: UserCounters] = [:]
  }

  private static let half = 8192
  private let state = Mutex(State())

  /// The user of a name, or `nil` when there is none or it is not active.
  func plan(_ username: String, in table: GatewayTable) -> UserPlan? {
    let (model, key) = (table.model, UTF8Key(username))
    guard let user = model.first(in: Collections.users, .fields(["username": username])) else { return nil }
    let subscriptions = model.first(in: Collections.subscriptions, .fields(["username": username]))
    let (apis, groups) = (table.parts.apiNumbers.count, table.parts.groupNumbers.count)
    return state.withLock { state in
      let kept = state.newer[key] ?? state.older[key]
      if let kept, kept.user.isIdentical(to: user), Self.areIdentical(kept.subscriptions, subscriptions),
        kept.apis == apis, kept.groups == groups
      {
        if state.newer[key] == nil { state.keep(key, kept, Self.half) }
        return kept.plan
      }
      let record = UserRecord(user)
      guard record.isActive else { return nil }
      let counters = state.counters[key] ?? UserCounters()
      state.counters[key] = counters
      let plan = UserPlan(record, subscriptions.map { SubscriptionRecord($0) }, table.parts, counters)
      state.keep(
        key, Entry(user: user, subscriptions: subscriptions, apis: apis, groups: groups, plan: plan), Self.half)
      return plan
    }
  }

  /// The counters of a user, or `nil` when it made no call.
  func counters(_ username: String) -> UserCounters? { state.withLock { $0.counters[UTF8Key(username)] } }

  /// Lets all users begin their windows of calls anew.
  func clearCalls() {
    for counters in state.withLock({ Array($0.counters.values) }) { counters.clearCalls() }
  }

  private static func areIdentical(_ left: Document?, _ right: Document?) -> Bool {
    switch (left, right) {
    case (nil, nil): true
    case (let left?, let right?): left.isIdentical(to: right)
    default: false
    }
  }
}

extension UserPlans.State {
  fileprivate mutating func keep(_ key: UTF8Key, _ entry: UserPlans.Entry, _ half: Int) {
    older[key] = nil
    if newer[key] == nil, newer.count >= half {
      older = newer
      newer = [:]
    }
    newer[key] = entry
  }
}
