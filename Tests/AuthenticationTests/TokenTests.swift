import Foundation
import JSON
import Model
import Testing

@testable import Authentication

@Suite("Tokens")
struct TokenTests {
  private let requester = Requester(username: "alice", role: "developer", permissions: [.manageAPIs])

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
    let text = try tokens.sign(AccessToken(requester: requester, mayUseInterface: false, now: 1000, lifetime: 1800))
    let claims = try tokens.verify(text, now: 1000)
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
    #expect(try tokens.verify(text, now: 1000).sub == "alice")
  }

  @Test("are refused when expired, changed, unsigned, of another key or no token at all")
  func refusals() async throws {
    let tokens = try await Tokens(keys: [TokenKey(secret: "one secret")])
    let other = try await Tokens(keys: [TokenKey(secret: "another secret")])
    let good = try tokens.sign(token())
    _ = try tokens.verify(good, now: 1999)
    let parts = good.split(separator: ".").map(String.init)
    let claims = segment(["sub": "admin", "role": "admin", "exp": 9_999_999_999, "jti": "j", "accesses": .object([:])])
    let bad = [
      try other.sign(token()), "\(parts[0]).\(claims).\(parts[2])",
      "\(segment(["alg": "none"])).\(claims).", "\(segment(["alg": "none", "kid": "legacy-key"])).\(parts[1]).",
      "\(segment(["alg": "none", "kid": "legacy-key"])).\(parts[1]).\(parts[2])",
      "\(segment(["alg": "HS512", "kid": "legacy-key"])).\(parts[1]).\(parts[2])",
      "\(segment(["alg": "HS256", "kid": "unknown"])).\(parts[1]).\(parts[2])",
      "", ".", "..", "a.b.c", good + ".x", String(repeating: "a", count: 100_000), "\(parts[0]).\(parts[1]).",
    ]
    for text in bad {
      #expect(throws: AuthenticationError.self, "\(text.prefix(60))") { try tokens.verify(text, now: 1000) }
    }
    #expect(throws: AuthenticationError.self) { try tokens.verify(good, now: 2000) }
  }

  @Test("rotate: the first active key signs, all verify")
  func rotation() async throws {
    let list =
      #"[{"kid":"old","secret":"old secret","active":false},{"kid":"new","algorithm":"HS256","secret":"new secret"}]"#
    let rotated = try await Tokens(keys: try TokenKey.keys(of: list, readFile: { _ in "" }))
    let before = try await Tokens(
      keys: try TokenKey.keys(of: #"[{"kid":"old","secret":"old secret"}]"#, readFile: { _ in "" }))
    let text = try rotated.sign(token())
    #expect(try rotated.verify(text, now: 0) == token())
    #expect(try rotated.verify(before.sign(token()), now: 0) == token())
    #expect(throws: AuthenticationError.self) { try before.verify(text, now: 0) }
  }

  @Test("have keys whose names are told apart by their bytes")
  func names() throws {
    let list = "[{\"kid\":\"\u{E9}\",\"secret\":\"x\"},{\"kid\":\"e\u{301}\",\"secret\":\"y\"}]"
    #expect(try TokenKey.keys(of: list, readFile: { _ in "" }).count == 2)
  }

  @Test(
    "need keys that are in order",
    arguments: [
      ("{}", "JSON list"), ("[]", "JSON list"), ("nonsense", "JSON list"),
      (#"[{"secret":"x"}]"#, "entry 1 of JWT_KEYS has no kid"),
      (#"[{"kid":"a","algorithm":"none"}]"#, "unknown algorithm"), (#"[{"kid":"a"}]"#, "needs a secret"),
      (#"[{"kid":"a","secret":"x","active":false}]"#, "no active key"),
      (#"[{"kid":"a","secret":"x","active":"false"}]"#, "neither true nor false"),
      (#"[{"kid":"a","secret":"x","algorithm":7}]"#, "unknown algorithm"),
      (#"[{"kid":"a","secret":"x","secret":"y"}]"#, "comes a second time"), ("[{]", "unexpected character at byte 2"),
      (#"[{"kid":"a","algorithm":"RS256","private_key":7}]"#, "a private_key that is no string"),
      (#"[{"kid":"a","algorithm":"RS256","public_key_path":7}]"#, "a public_key_path that is no string"),
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
