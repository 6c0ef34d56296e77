import Cryptography
import Foundation
import JSON
import Model
import Testing

@testable import Authentication

/// Tokens that are signed with the right key, and still no tokens of ours.
@Suite("Tokens, read strictly")
struct StrictTokenTests {
  private static let now = 1_800_000_000
  private static let header = #"{"alg":"HS256","kid":"legacy-key","typ":"JWT"}"#
  private static let claims =
    #"{"sub":"alice","role":"user","exp":1800001800,"jti":"j","accesses":{"ui_access":true}}"#

  /// The claims of a good token and some more.
  private static func claims(and members: String) -> String { "\(claims.dropLast()),\(members)}" }

  /// The claims of a good token with another expiry.
  private static func claims(expiry: String) -> String { claims.replacing("1800001800", with: expiry) }

  private static func encoded(_ text: String) -> String {
    String(decoding: Base64.url.encode(Array(text.utf8)), as: UTF8.self)
  }

  /// Signs two segments as they are.
  private func signed(_ header: String, _ claims: String) async throws -> String {
    let signer = try await TokenSigner(TokenKey(secret: "k"))
    let signature = try signer.signature(of: Array("\(header).\(claims)".utf8))
    return "\(header).\(claims).\(String(decoding: Base64.url.encode(signature), as: UTF8.self))"
  }

  private func isTaken(_ token: String) async throws -> Bool {
    let tokens = try await Tokens(keys: [TokenKey(secret: "k")])
    do {
      return try tokens.verify(token, now: Self.now).sub == "alice"
    } catch {
      #expect(error.code == .invalidToken)
      return false
    }
  }

  private func isTaken(header: String = Self.header, claims: String = Self.claims) async throws -> Bool {
    try await isTaken(signed(Self.encoded(header), Self.encoded(claims)))
  }

  @Test(
    "are not valid before nbf and iat, with a minute for clocks that differ",
    arguments: [
      ("1800000000", true), ("1800000060", true), ("1800000060.5", false), ("1800000061", false), ("1800003600", false),
      ("1799999999.25", true), ("1.7e9", true), ("0", true), ("-5", true), ("-0", true), ("9007199254740993", false),
      ("-1e30", false), ("1\(String(repeating: "0", count: 400))", false), ("1e400", false), ("null", false),
      ("true", false), ("\"1800000000\"", false), ("\"now\"", false), ("[1800000000]", false), ("{}", false),
      ("NaN", false), ("Infinity", false), ("-Infinity", false), ("01", false), ("", false),
    ] as [(String, Bool)])
  func beginning(time: String, isTaken: Bool) async throws {
    for claim in ["nbf", "iat"] {
      #expect(try await self.isTaken(claims: Self.claims(and: "\"\(claim)\":\(time)")) == isTaken, "\(claim)")
    }
  }

  @Test(
    "end at exp, which they must have",
    arguments: [
      ("1800000001", true), ("1800000001.5", true), ("1.9e9", true), ("1800000000", false), ("1800000000.9", false),
      ("0", false), ("-1", false), ("1e30", false), ("1e400", false), ("1\(String(repeating: "0", count: 400))", false),
      ("null", false), ("\"1800001800\"", false), ("true", false), ("{}", false), ("NaN", false),
    ] as [(String, Bool)])
  func expiry(time: String, isTaken: Bool) async throws {
    #expect(try await self.isTaken(claims: Self.claims(expiry: time)) == isTaken)
    #expect(try await !self.isTaken(claims: Self.claims.replacing(#""exp":1800001800,"#, with: "")))
  }

  @Test(
    "say what they are signed with, and nothing that must be understood beyond that",
    arguments: [
      (#"{"alg":"HS256"}"#, true), (#"{"alg":"HS256","typ":"jwt"}"#, true), (#"{"alg":"HS256","x":{"y":1}}"#, true),
      (#" { "typ" : "JWT" , "alg" : "HS256" } "#, true), (#"{"alg":"HS256","typ":"JWE"}"#, false),
      (#"{"alg":"HS256","typ":1}"#, false), (#"{"alg":"HS256","typ":null}"#, false), (#"{"alg":"none"}"#, false),
      (#"{"alg":"None"}"#, false), (#"{"alg":"hs256"}"#, false), (#"{"alg":"HS256 "}"#, false),
      (#"{"alg":["HS256"]}"#, false), (#"{"alg":null}"#, false), ("{}", false), (#"{"alg":"RS256"}"#, false),
      (#"{"alg":"HS256","kid":"nope"}"#, false), (#"{"alg":"HS256","kid":"legacy-\u212Aey"}"#, false),
      (#"{"alg":"HS256","kid":1}"#, false), (#"{"alg":"HS256","kid":null}"#, false),
      (#"{"alg":"HS256","crit":["x"],"x":1}"#, false), (#"{"alg":"HS256","crit":[]}"#, false),
      (#"{"alg":"HS256","crit":["exp"],"exp":1}"#, false), (#"{"alg":"HS256","crit":"x"}"#, false),
      (#"{"alg":"HS256","crit":null}"#, false), (#"{"alg":"HS256","crit":["b64"],"b64":true}"#, false),
      (#"{"alg":"HS256","cr\u0069t":["x"]}"#, false), (#"{"alg":"HS256","b64":false}"#, false),
      (#"{"alg":"HS256","zip":"DEF"}"#, false), (#"{"alg":"HS256","enc":"A128GCM"}"#, false),
      (#"{"alg":"HS256","cty":"JWT"}"#, false), (#"{"alg":"HS256","alg":"HS256"}"#, false),
      (#"{"alg":"none","alg":"HS256"}"#, false), (#"{"alg":"HS256","\u0061lg":"HS256"}"#, false),
      (#"["HS256"]"#, false), ("", false), ("null", false), ("{\"alg\":\"HS256\"}x", false),
      ("\u{FEFF}{\"alg\":\"HS256\"}", false),
    ] as [(String, Bool)])
  func headers(header: String, isTaken: Bool) async throws {
    #expect(try await self.isTaken(header: header) == isTaken)
  }

  @Test(
    "have each claim once, of its type, in one JSON object",
    arguments: [
      (claims, true), (" \(claims)\n", true), (claims(and: #""z":[1,{"a":2}]"#), true),
      (claims(and: #""caf\u00e9":1,"cafe\u0301":2"#), true), (claims(and: #""sub":"alice""#), false),
      ("{\"sub\":\"bob\",\(claims.dropFirst())", false), (claims(and: #""s\u0075b":"alice""#), false),
      (claims(and: #""exp":1800001800"#), false), (claims(and: #""z":1,"z":1"#), false),
      (claims(and: #""z":{"a":1,"a":1}"#), false), (claims(and: #""z":[{"a":1,"\u0061":1}]"#), false),
      (claims(and: #""aud":"alice""#), false), (claims(and: #""aud":null"#), false),
      (claims.replacing("\"alice\"", with: "1"), false), (claims.replacing("\"alice\"", with: "null"), false),
      (claims.replacing("\"j\"", with: "1"), false), (claims.replacing("\"user\"", with: "[]"), false),
      (claims.replacing("true", with: "1"), false), (claims.replacing(#""sub":"alice","#, with: ""), false),
      (claims.replacing(#""jti":"j","#, with: ""), false), (claims.replacing(#""role":"user","#, with: ""), false),
      ("[\(claims)]", false), ("\(claims)x", false), ("\(claims)\(claims)", false), ("\u{FEFF}\(claims)", false),
      ("\(claims)\u{0}", false), ("", false), ("{}", false), (claims(and: "\"z\":NaN"), false),
    ] as [(String, Bool)])
  func claimSets(claims: String, isTaken: Bool) async throws {
    #expect(try await self.isTaken(claims: claims) == isTaken)
  }

  @Test("are UTF-8, base64url and three segments, each in its one spelling")
  func spelling() async throws {
    let good = try await signed(Self.encoded(Self.header), Self.encoded(Self.claims))
    let parts = good.split(separator: ".").map(String.init)
    let (header, claims, signature) = (parts[0], parts[1], parts[2])
    #expect(try await isTaken(good))
    let last = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    let index = try #require(last.firstIndex { $0 == signature.last })
    var bad = [
      "\(good)=", "\(good).", "\(good).x", ".\(good)", "\(header).\(claims)", "\(good) ", " \(good)", "\(good)\t",
      "\(good)\n", "\(good)\u{0}", "\(good)\u{301}", "\(header).\u{301}\(claims).\(signature)",
      "\(header).\(claims).\(signature.prefix(5)) \(signature.dropFirst(5))", "\(header).\(claims).", "\(good)A",
      "\(header)=.\(claims).\(signature)",
    ]
    // 32 bytes leave two bits in the last letter, which must be zero.
    for bit in [1, 2, 3] { bad.append("\(good.dropLast())\(last[index ^ bit])") }
    for token in bad { #expect(try await !isTaken(token), "\(token)") }

    // Signed as they are: the right key does not make them base64url.
    #expect(Self.encoded("{\"alg\":\"HS256\"}").utf8.count == 20)
    let odd = Self.encoded("{\"alg\":\"HS256\" }")
    #expect(try await isTaken(signed(odd, Self.encoded(Self.claims))))
    for header in ["\(odd)==", "\(odd.prefix(4))\n\(odd.dropFirst(4))", "\(odd)AAA"] {
      #expect(try await !isTaken(signed(header, Self.encoded(Self.claims))), "\(header)")
    }
    let text = Self.claims(and: "\"z\":\"\u{FB}\u{FF}~~~???\"")
    for padding in ["", " ", "  "] {
      let strict = Self.encoded(text + padding)
      let loose = strict.replacing("-", with: "+").replacing("_", with: "/")
      #expect(try await isTaken(signed(Self.encoded(Self.header), strict)))
      if loose != strict { #expect(try await !isTaken(signed(Self.encoded(Self.header), loose))) }
    }
    let notUTF8 = Array(Self.claims(and: "\"z\":\"").utf8).dropLast() + [0xFF] + Array("\"}".utf8)
    let encoded = String(decoding: Base64.url.encode(Array(notUTF8)), as: UTF8.self)
    #expect(try await !isTaken(signed(Self.encoded(Self.header), encoded)))
  }

  @Test("of a key whose name only looks like another's are not of that one")
  func keyNames() async throws {
    let composed = TokenKey(id: "\u{E9}", algorithm: .hs256, isActive: true, material: .secret("one"))
    let decomposed = TokenKey(id: "e\u{301}", algorithm: .hs256, isActive: true, material: .secret("two"))
    let both = try await Tokens(keys: [composed, decomposed])
    let token = AccessToken(sub: "alice", role: "user", exp: 2000, jti: "j", accesses: [:])
    let second = try await Tokens(keys: [decomposed])
    #expect(try both.verify(both.sign(token), now: 0) == token)
    #expect(try both.verify(second.sign(token), now: 0) == token)
    let mixed = try await Tokens(
      keys: [TokenKey(id: "e\u{301}", algorithm: .hs256, isActive: true, material: .secret("one"))])
    #expect(throws: AuthenticationError.self) { try both.verify(mixed.sign(token), now: 0) }
  }
}
