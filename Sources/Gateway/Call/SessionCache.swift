import Authentication
import JSON
import Model

/// The tokens of one event loop's calls, with their users as the table has them. Bounded; a token that is used often
/// stays. It is used on its event loop alone, so it needs no lock.
struct SessionCache {
  private struct Entry {
    let token: AccessToken
    /// Unix seconds. When the clock is set back, the token may not have begun.
    let verifiedAt: Int
    var user: UserPlan?
    /// Of the table that `user` was taken from.
    var generation: UInt64
  }

  /// A longer token is verified each time, so that the memory of all is bounded. Bytes.
  private static let longestKey = 4096
  private static let half = 1024

  private var newer: [UTF8Key: Entry] = [:]
  private var older: [UTF8Key: Entry] = [:]

  /// The user of a call.
  ///
  /// - Parameters:
  ///   - key: the text that holds the token, such as the value of `Authorization`.
  ///   - now: Unix seconds.
  ///   - token: takes the token out of the text; called when the text is not known.
  /// - Returns: `nil` when the token is missing, not valid, expired or revoked, or its user may not log in.
  mutating func user(
    _ key: String, in table: GatewayTable, now: Int, tokens: Tokens, users: UserPlans, token: () -> String?
  ) -> UserPlan? {
    let place = UTF8Key(key)
    if let entry = newer[place] {
      guard entry.generation != table.generation || !Self.isCurrent(entry, now) else { return entry.user }
    }
    if let entry = newer[place] ?? older[place], Self.isCurrent(entry, now) {
      return keep(place, entry.token, entry.verifiedAt, table, users)
    }
    guard let text = token(), let verified = try? tokens.verify(text, now: now) else { return nil }
    guard key.utf8.count <= Self.longestKey else { return Self.user(verified, table, users) }
    return keep(place, verified, now, table, users)
  }

  private mutating func keep(
    _ place: UTF8Key, _ token: AccessToken, _ verifiedAt: Int, _ table: GatewayTable, _ users: UserPlans
  ) -> UserPlan? {
    let user = Self.user(token, table, users)
    older[place] = nil
    if newer[place] == nil, newer.count >= Self.half {
      older = newer
      newer = [:]
    }
    newer[place] = Entry(token: token, verifiedAt: verifiedAt, user: user, generation: table.generation)
    return user
  }

  private static func user(_ token: AccessToken, _ table: GatewayTable, _ users: UserPlans) -> UserPlan? {
    guard !table.model.revocations.isRevoked(username: token.sub, tokenID: token.jti) else { return nil }
    return users.plan(token.sub, in: table)
  }

  private static func isCurrent(_ entry: Entry, _ now: Int) -> Bool {
    entry.verifiedAt <= now && now < entry.token.exp
  }
}
