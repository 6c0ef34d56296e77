import Authentication
import Glibc
import Model
import NIOCore

/// The tokens of one event loop's calls, with their users as the table has them, until they expire. Bounded: when there
/// are too many, those that are used often stay. It is used on its event loop alone, so it needs no lock.
struct SessionCache {
  /// An object, because a call would copy each of its parts.
  private final class Entry: Sendable {
    /// The bytes that hold the token, such as the value of `Authorization`.
    let bytes: [UInt8]
    let token: AccessToken
    /// Unix seconds. When the clock is set back, the token may not have begun.
    let verifiedAt: Int
    let user: UserPlan?
    /// The generation of the table that `user` was taken from.
    let generation: UInt64

    init(bytes: [UInt8], token: AccessToken, verifiedAt: Int, user: UserPlan?, generation: UInt64) {
      (self.bytes, self.token, self.verifiedAt) = (bytes, token, verifiedAt)
      (self.user, self.generation) = (user, generation)
    }
  }

  /// A longer text is verified each time, so that the memory of all is bounded. Bytes.
  private static let longestText = 4096
  private var entries = GenerationalCache<UInt64, Entry>(capacity: 2048)

  /// The number of tokens that are kept.
  var count: Int { entries.count }

  /// The text of a cookie's token. It begins with a byte that no header field has, so that a token that was found in a
  /// cookie does not stand for the same text in `Authorization`, where a scheme must come first.
  static func text(cookie: String) -> [UInt8] { [0] + Array(cookie.utf8) }

  /// The user of a call.
  ///
  /// - Parameters:
  ///   - text: the bytes that hold the token: the value of `Authorization`, or the text of a cookie.
  ///   - now: Unix seconds.
  ///   - token: takes the token out of the text; called when the text is not known.
  /// - Returns: `nil` when the token is missing, not valid, expired or revoked, or its user may not log in.
  mutating func user(
    _ text: RawSpan, in table: GatewayTable, now: Int, tokens: Tokens, users: UserPlans, token: () -> String?
  ) -> UserPlan? {
    entries.sweep(now: now) { Self.isCurrent($0, now) }
    let place = Self.place(text)
    if let entry = entries.find(place, where: { Self.isCurrent($0, now) && Self.areEqual($0.bytes, text) }) {
      if entry.generation == table.generation { return entry.user }
      return keep(place, entry.bytes, entry.token, entry.verifiedAt, table, now, users)
    }
    guard let unverified = token(), let verified = try? tokens.verify(unverified, now: now) else { return nil }
    guard text.byteCount <= Self.longestText else { return Self.user(verified, table, now, users) }
    return keep(place, text.withUnsafeBytes { Array($0) }, verified, now, table, now, users)
  }

  private mutating func keep(
    _ place: UInt64, _ bytes: [UInt8], _ token: AccessToken, _ verifiedAt: Int, _ table: GatewayTable,
    _ now: Int, _ users: UserPlans
  ) -> UserPlan? {
    let user = Self.user(token, table, now, users)
    let entry = Entry(
      bytes: bytes, token: token, verifiedAt: verifiedAt, user: user, generation: table.generation)
    entries.insert(entry, for: place)
    return user
  }

  private static func user(_ token: AccessToken, _ table: GatewayTable, _ now: Int, _ users: UserPlans) -> UserPlan? {
    guard !table.model.revocations.isRevoked(username: token.sub, tokenID: token.jti) else { return nil }
    return users.plan(token.sub, in: table, now: now)
  }

  /// The end of a token is its signature, whose bytes are evenly spread. Only tokens that were verified have a place,
  /// so nobody without a key can choose one.
  private static func place(_ text: RawSpan) -> UInt64 {
    guard text.byteCount >= 8 else { return UInt64(text.byteCount) }
    return text.unsafeLoadUnaligned(fromByteOffset: text.byteCount - 8, as: UInt64.self)
  }

  private static func areEqual(_ left: [UInt8], _ right: RawSpan) -> Bool {
    left.count == right.byteCount
      && left.withUnsafeBytes { left in
        right.withUnsafeBytes { right in
          guard let a = left.baseAddress, let b = right.baseAddress else { return left.count == right.count }
          return memcmp(a, b, left.count) == 0
        }
      }
  }

  private static func isCurrent(_ entry: Entry, _ now: Int) -> Bool {
    entry.verifiedAt <= now && now < entry.token.exp
  }
}
