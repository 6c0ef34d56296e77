import Foundation
import JSON
import Resources
import Synchronization
import Testing

@testable import Authentication

private final class Counter: Sendable {
  private let count = Mutex(0)

  var value: Int { count.withLock { $0 } }

  func increase() { count.withLock { $0 += 1 } }
}

@Suite("Passwords")
struct PasswordTests {
  private func withPasswords<Value>(_ body: (Passwords) async throws -> Value) async throws -> Value {
    try await body(Passwords(threads: 1, own: ["Own-Passw0rd!of-the-service"]))
  }

  @Test("of the service's own accounts are checked however many others wait, and nobody else's are")
  func own() async throws {
    try await withPasswords { (passwords: Passwords) async throws in
      #expect(passwords.isOwn("Own-Passw0rd!of-the-service"))
      let others = ["", "Own-Passw0rd!of-the-servic", "Own-Passw0rd!of-the-service ", "own-Passw0rd!of-the-service"]
      #expect(!others.contains { passwords.isOwn($0) })
      let hash = try await passwords.hash("Own-Passw0rd!of-the-service")
      let finished = Counter()
      try await withThrowingTaskGroup(of: Bool.self) { (group: inout ThrowingTaskGroup<Bool, any Error>) async throws in
        for _ in 0..<100 {
          group.addTask {
            let isRight = try await passwords.verify("of a flood", against: nil)
            finished.increase()
            return isRight
          }
        }
        // Once one is refused, 64 wait.
        while case .success? = await group.nextResult() {}
        let before = finished.value
        #expect(try await passwords.verify("Own-Passw0rd!of-the-service", against: hash))
        // One thread works on each kind, so about as many were checked meanwhile.
        #expect(finished.value - before < 32)
        group.cancelAll()
        while let _ = await group.nextResult() {}
      }
    }
  }

  @Test("of the service's own accounts are hashed once for these, and anew for a user who has the same one")
  func ownHashes() async throws {
    try await withPasswords { (passwords: Passwords) async throws in
      let own = "Own-Passw0rd!of-the-service"
      let first = try await passwords.ownHash(own)
      #expect(try await passwords.ownHash(own) == first)
      #expect(try await passwords.hash(own) != first)
      #expect(try await passwords.verify(own, against: first))
      #expect(try await !passwords.verify("\(own) ", against: first))
    }
    try await withPasswords { (passwords: Passwords) async throws in
      let own = "Own-Passw0rd!of-the-service"
      let stored = try await passwords.hash(own)
      #expect(try await passwords.verify(own, against: stored))
      #expect(try await passwords.ownHash(own) == stored, "the one that is in use already")
      #expect(try await !passwords.verify(own, against: Passwords.document(of: Passwords.nobody)))
    }
  }

  @Test("are hashed with bcrypt at cost 12, each with a salt of its own, and verified")
  func hashing() async throws {
    try await withPasswords { (passwords: Passwords) async throws in
      let first = try await passwords.hash("Correct-Horse-Battery-9")
      let second = try await passwords.hash("Correct-Horse-Battery-9")
      #expect(first != second)
      #expect(Passwords.hash(in: first)?.hasPrefix("$2b$12$") == true)
      #expect(try await passwords.verify("Correct-Horse-Battery-9", against: first))
      #expect(try await !passwords.verify("correct-Horse-Battery-9", against: first))
      await #expect(throws: AuthenticationError.self) { try await passwords.hash("a\u{0}b") }
    }
  }

  @Test("verify against the peer's hashes")
  func peersHash() async throws {
    // Of a dump of the peer: alice's.
    let stored: JSONValue = [
      "__type__": "bytes", "data": "JDJiJDEyJHpxcU5hWHhYMk1ldGRCR3JvRzVrc2V2TEx3UWVGd0JoUk5LckZobEpseUpVN1BjSmJCME9x",
    ]
    try await withPasswords { (passwords: Passwords) async throws in
      #expect(try await passwords.verify("Another-Passw0rd!1", against: stored))
      #expect(try await !passwords.verify("Another-Passw0rd!2", against: stored))
    }
  }

  @Test(
    "of nobody cost a hash and match nothing", arguments: [nil, .null, "", "plain", ["data": "%%%"]] as [JSONValue?])
  func nobody(stored: JSONValue?) async throws {
    try await withPasswords { (passwords: Passwords) async throws in
      for password in ["", "plain", "%%%"] { #expect(try await !passwords.verify(password, against: stored)) }
    }
  }

  @Test("of an unknown user are really computed")
  func effort() {
    // crypt answers a malformed setting at once: then an unknown name would answer faster than a known one.
    #expect(BCrypt.computes(Passwords.nobody))
  }
}

@Suite("Tokens")
struct TokenTests {
  private let actor = Actor(username: "alice", role: "developer", permissions: [.manageAPIs])

  private func token(exp: Int = 2000, jti: String = "j") -> AccessToken {
    AccessToken(sub: "alice", role: "developer", exp: exp, jti: jti, accesses: [:])
  }

  private func segment(_ json: JSONValue) -> String {
    Data(JSONWriter.bytes(json)).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
      "=", with: "")
  }

  @Test("carry the claims of the contract")
  func claims() async throws {
    let tokens = try await Tokens(keys: [TokenKey(secret: "short secret")])
    let text = try await tokens.sign(AccessToken(actor: actor, mayUseInterface: false, now: 1000, lifetime: 1800))
    let claims = try await tokens.verify(text, now: 1000)
    #expect(claims.sub == "alice")
    #expect(claims.exp == 2800)
    #expect(claims.accesses["manage_apis"] == true)
    #expect(claims.accesses["manage_users"] == false)
    #expect(claims.accesses.count == 12)
    let header = try #require(
      Data(base64Encoded: String(text.split(separator: ".")[0]) + "=")
        ?? Data(base64Encoded: String(text.split(separator: ".")[0]) + "=="))
    #expect(try JSONParser().parseObject(header)["kid"] == "legacy-key")
  }

  @Test("of the recorded server verify with the same secret")
  func foreignToken() async throws {
    // Signed by another implementation (HMAC-SHA256 by RFC 7515, computed apart) with the secret "k".
    let text =
      "eyJhbGciOiJIUzI1NiIsImtpZCI6ImxlZ2FjeS1rZXkiLCJ0eXAiOiJKV1QifQ."
      + "eyJzdWIiOiJhbGljZSIsInJvbGUiOiJ1c2VyIiwiZXhwIjoyMDAwLCJqdGkiOiJqIiwiYWNjZXNzZXMiOnt9fQ."
      + "9A4YCydkpJMsVTojXZA3yYhSM9nmOpFla7FQc0HueME"
    let tokens = try await Tokens(keys: [TokenKey(secret: "k")])
    #expect(try await tokens.verify(text, now: 1000).sub == "alice")
  }

  @Test("are refused when expired, changed, unsigned, of another key or no token at all")
  func refusals() async throws {
    let tokens = try await Tokens(keys: [TokenKey(secret: "one secret")])
    let other = try await Tokens(keys: [TokenKey(secret: "another secret")])
    let good = try await tokens.sign(token())
    _ = try await tokens.verify(good, now: 1999)
    let parts = good.split(separator: ".").map(String.init)
    let claims = segment(["sub": "admin", "role": "admin", "exp": 9_999_999_999, "jti": "j", "accesses": .object([:])])
    let bad = [
      try await other.sign(token()), "\(parts[0]).\(claims).\(parts[2])",
      "\(segment(["alg": "none"])).\(claims).", "\(segment(["alg": "none", "kid": "legacy-key"])).\(parts[1]).",
      "\(segment(["alg": "none", "kid": "legacy-key"])).\(parts[1]).\(parts[2])",
      "\(segment(["alg": "HS512", "kid": "legacy-key"])).\(parts[1]).\(parts[2])",
      "\(segment(["alg": "HS256", "kid": "unknown"])).\(parts[1]).\(parts[2])",
      "", ".", "..", "a.b.c", good + ".x", String(repeating: "a", count: 100_000), "\(parts[0]).\(parts[1]).",
    ]
    for text in bad {
      await #expect(throws: AuthenticationError.self, "\(text.prefix(60))") { try await tokens.verify(text, now: 1000) }
    }
    await #expect(throws: AuthenticationError.self) { try await tokens.verify(good, now: 2000) }
  }

  @Test("rotate: the first active key signs, all verify")
  func rotation() async throws {
    let list =
      #"[{"kid":"old","secret":"old secret","active":false},{"kid":"new","algorithm":"HS256","secret":"new secret"}]"#
    let rotated = try await Tokens(keys: try TokenKey.keys(of: list, readFile: { _ in "" }))
    let before = try await Tokens(
      keys: try TokenKey.keys(of: #"[{"kid":"old","secret":"old secret"}]"#, readFile: { _ in "" }))
    let text = try await rotated.sign(token())
    #expect(try await rotated.verify(text, now: 0) == token())
    #expect(try await rotated.verify(before.sign(token()), now: 0) == token())
    await #expect(throws: AuthenticationError.self) { try await before.verify(text, now: 0) }
  }

  @Test(
    "need keys that are in order",
    arguments: [
      ("{}", "JSON list"), ("[]", "JSON list"), ("nonsense", "JSON list"),
      (#"[{"secret":"x"}]"#, "entry 1 of JWT_KEYS has no kid"),
      (#"[{"kid":"a","algorithm":"none"}]"#, "unknown algorithm"), (#"[{"kid":"a"}]"#, "needs a secret"),
      (#"[{"kid":"a","secret":"x","active":false}]"#, "no active key"),
      (#"[{"kid":"a","secret":"x"},{"kid":"a","secret":"y"}]"#, "twice"),
      (#"[{"kid":"a","algorithm":"RS256"}]"#, "private_key(_path)"),
      (#"[{"kid":"a","algorithm":"RS256","private_key":"x"}]"#, "no PEM"),
      (#"[{"kid":"a","algorithm":"RS256","private_key_path":"/none"}]"#, "'/none', can't be read"),
    ])
  func faults(list: String, sentence: String) {
    #expect {
      try TokenKey.keys(of: list) { _ in throw CocoaError(.fileNoSuchFile) }
    } throws: { error in
      "\(error)".contains(sentence)
    }
  }
}
