import JSON
import Model
import Synchronization

/// The tokens whose signatures were found right lately, by their text, until they expire. Bounded: when there are too
/// many, those that are used often stay.
///
/// A value without a clock. It belongs to one set of keys: another set needs another value. It knows nothing of
/// revocations, which are asked for each request.
struct VerifiedTokens: Sendable {
  private struct Entry: Sendable {
    let token: AccessToken
    /// Unix seconds.
    let verifiedAt: Int
  }

  /// A longer token is verified each time, so that the memory of all is bounded. Bytes.
  static let longestText = 4096

  private var entries: GenerationalCache<UTF8Key, Entry>

  /// - Parameter capacity: tokens; at least 2.
  init(capacity: Int = 8192) {
    entries = GenerationalCache(capacity: capacity)
  }

  var count: Int { entries.count }

  /// A token that counts at this time.
  ///
  /// - Parameter now: Unix seconds.
  /// - Returns: `nil` when the token has to be verified: it is not known, it has expired, or the clock was set back,
  ///   so that it may not have begun.
  mutating func find(_ text: String, now: Int) -> AccessToken? {
    let counts = { (entry: Entry) in entry.verifiedAt <= now && now < entry.token.exp }
    entries.sweep(now: now, where: counts)
    return entries.find(UTF8Key(text), where: counts)?.token
  }

  /// Keeps a token that was verified just now.
  ///
  /// - Parameter now: Unix seconds.
  mutating func insert(_ token: AccessToken, _ text: String, now: Int) {
    guard text.utf8.count <= Self.longestText else { return }
    entries.insert(Entry(token: token, verifiedAt: now), for: UTF8Key(text))
  }
}

/// Verified tokens in several parts, each with a lock of its own, so that requests of different tokens rarely wait for
/// each other.
final class VerifiedTokenCache: Sendable {
  private final class Part: Sendable {
    let tokens = Mutex(VerifiedTokens(capacity: 512))
  }

  private let parts = (0..<16).map { _ in Part() }

  /// See `VerifiedTokens.find`.
  func find(_ text: String, now: Int) -> AccessToken? {
    part(of: text).tokens.withLock { $0.find(text, now: now) }
  }

  /// See `VerifiedTokens.insert`.
  func insert(_ token: AccessToken, _ text: String, now: Int) {
    part(of: text).tokens.withLock { $0.insert(token, text, now: now) }
  }

  /// The end of a token is its signature, whose bytes are evenly spread.
  private func part(of text: String) -> Part {
    let sum = text.utf8.suffix(8).reduce(into: UInt(0)) { $0 = $0 &* 31 &+ UInt($1) }
    return parts[Int(sum % UInt(parts.count))]
  }
}
