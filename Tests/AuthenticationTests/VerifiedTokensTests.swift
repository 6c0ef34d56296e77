import Testing

@testable import Authentication

@Suite("Verified tokens")
struct VerifiedTokensTests {
  private func token(_ name: String = "alice", exp: Int = 2000) -> AccessToken {
    AccessToken(sub: name, role: "user", exp: exp, jti: name, accesses: [:])
  }

  @Test("A token counts until it expires, by the second")
  func expiry() {
    var tokens = VerifiedTokens()
    tokens.insert(token(), "text", now: 1000)
    #expect(tokens.find("text", now: 1000) == token())
    #expect(tokens.find("text", now: 1999) == token())
    #expect(tokens.find("text", now: 2000) == nil)
  }

  @Test("A token has to be verified again when the clock was set back")
  func clockSetBack() {
    var tokens = VerifiedTokens()
    tokens.insert(token(), "text", now: 1000)
    #expect(tokens.find("text", now: 999) == nil)
  }

  @Test("Texts are told apart by their bytes")
  func bytes() {
    var tokens = VerifiedTokens()
    tokens.insert(token(), "\u{E9}", now: 1000)
    #expect(tokens.find("e\u{301}", now: 1000) == nil)
    #expect(tokens.find("\u{E9}", now: 1000) != nil)
  }

  @Test("No more than the capacity are kept, and a token in use stays")
  func capacity() {
    var tokens = VerifiedTokens(capacity: 16)
    tokens.insert(token("kept"), "kept", now: 1000)
    for number in 0..<1000 {
      tokens.insert(token("\(number)"), "\(number)", now: 1000)
      #expect(tokens.count <= 16)
      #expect(tokens.find("kept", now: 1000) == token("kept"))
    }
    #expect(tokens.find("0", now: 1000) == nil)
    #expect(tokens.find("999", now: 1000) == token("999"))
  }

  @Test("A token that has expired is given up, and one that is used seldom stays")
  func expired() {
    var tokens = VerifiedTokens()
    tokens.insert(token("seldom", exp: 10_000), "seldom", now: 1000)
    for now in 1000..<1300 {
      tokens.insert(token("\(now)", exp: now + 30), "\(now)", now: now)
      _ = tokens.find("\(now)", now: now)
      // Those of a minute between two sweeps, and of the lifetime before.
      #expect(tokens.count <= 60 + 30 + 1)
    }
    #expect(tokens.find("seldom", now: 9999) != nil)
    #expect(tokens.count == 1)
  }

  @Test("A long text is not kept")
  func longText() {
    var tokens = VerifiedTokens()
    let text = String(repeating: "a", count: VerifiedTokens.longestText + 1)
    tokens.insert(token(), text, now: 1000)
    #expect(tokens.count == 0)
    tokens.insert(token(), String(text.dropLast()), now: 1000)
    #expect(tokens.count == 1)
  }

  @Test("A verified token is refused by other keys, after its expiry, and with one byte changed")
  func ofTheKeys() async throws {
    let tokens = try await Tokens(keys: [TokenKey(secret: "one secret")])
    let changed = try await Tokens(keys: [TokenKey(secret: "another secret")])
    let text = try tokens.sign(token())
    for _ in 0..<2 { #expect(try tokens.verify(text, now: 1000) == token()) }
    #expect(throws: AuthenticationError(.invalidToken)) { try changed.verify(text, now: 1000) }
    #expect(throws: AuthenticationError(.invalidToken)) { try tokens.verify(text, now: 2000) }
    #expect(throws: AuthenticationError(.invalidToken)) { try tokens.verify(text + "A", now: 1000) }
  }
}
