import Cryptography
import Foundation
import JSON
import TestSupport
import Testing

@testable import Authentication

@Suite("Tokens over HTTP")
struct TokenTests {
  /// Signs a token with the gateway's secret.
  private func token(_ header: String, _ claims: String, padding: String = "") async throws -> String {
    let signer = try await TokenSigner(TokenKey(secret: "a-secret-of-the-tests"))
    let segments = [header, claims].map { String(decoding: Base64.url.encode(Array($0.utf8)), as: UTF8.self) + padding }
    let signed = segments.joined(separator: ".")
    let signature = try signer.signature(of: Array(signed.utf8))
    return "\(signed).\(String(decoding: Base64.url.encode(signature), as: UTF8.self))"
  }

  /// The claims of an admin in Doorman's form.
  private func claims(_ more: String = "") -> String {
    let expiry = Int(Date().timeIntervalSince1970) + 1800
    let accesses = #"{"ui_access":true,"manage_users":true,"manage_apis":true,"export_logs":true}"#
    return #"{"sub":"admin","role":"admin","exp":\#(expiry),"jti":"\#(UUID())","accesses":\#(accesses)\#(more)}"#
  }

  private let header = #"{"alg":"HS256","kid":"legacy-key","typ":"JWT"}"#

  @Test("those that Doorman issued with the same secret are valid; those that require more than a signature are not")
  func strict() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let status = { (token: String) throws -> Int in
        let answer = try gatehouse.send("GET", "/platform/user/me", token: token)
        if answer.status != 200 { #expect(answer.code == "GTW998") }
        return answer.status
      }
      let now = Int(Date().timeIntervalSince1970)
      #expect(try await status(token(header, claims())) == 200)
      #expect(try await status(token(#"{"alg":"HS256","typ":"JWT"}"#, claims(#","nbf":\#(now),"iat":\#(now)"#))) == 200)
      for more in [
        #","nbf":\#(now + 3600)"#, #","iat":\#(now + 3600)"#, #","nbf":"\#(now)""#,
        #","nbf":1\#(String(repeating: "0", count: 400))"#,
        #","sub":"admin""#, #","s\u0075b":"admin""#, #","z":{"a":1,"a":2}"#, #","aud":"others""#,
      ] {
        #expect(try await status(token(header, claims(more))) == 401, "\(more)")
      }
      for header in [
        #"{"alg":"HS256","crit":["x"],"x":1}"#, #"{"alg":"HS256","crit":[]}"#, #"{"alg":"HS256","b64":false}"#,
        #"{"alg":"HS256","alg":"HS256"}"#, #"{"alg":"hs256"}"#, #"{"alg":["HS256"]}"#, #"{"alg":"HS256","typ":"JWE"}"#,
      ] {
        #expect(try await status(token(header, claims())) == 401, "\(header)")
      }
      #expect(try await status(token(#"{"alg":"HS256" }"#, claims(), padding: "=")) == 401)
      #expect(try await status(token(header, claims()) + "=") == 401)
      #expect(try gatehouse.stop() == 0)
    }
  }

  @Test("one request has one token: the cookie's, else that of the one Authorization field")
  func places() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let good = try gatehouse.logIn()
      let status = { (lines: [String]) throws -> Int in
        let connection = try HTTPConnection(port: gatehouse.port)
        try connection.send(
          (["GET /platform/user/me HTTP/1.1", "Host: x"] + lines + ["", ""]).joined(separator: "\r\n"))
        return try connection.receive().status
      }
      let cookie = "Cookie: access_token_cookie="
      for lines in [
        ["Authorization: Bearer \(good)"], ["authorization: bearer  \(good) "],
        ["Cookie: a=b; access_token_cookie=\(good)"],
        ["Cookie: access_token_cookie=\"\(good)\""], ["\(cookie)\(good)", "Authorization: Bearer x"],
        ["\(cookie)", "Authorization: Bearer \(good)"], ["Cookie: a=b", "\(cookie)\(good); c=d"],
      ] {
        #expect(try status(lines) == 200, "\(lines)")
      }
      let middle = good.index(good.startIndex, offsetBy: 9)
      for lines in [
        ["Authorization: Bearer \(good)", "Authorization: Bearer x"],
        ["Authorization: Bearer \(good)", "Authorization: Bearer \(good)"],
        ["Authorization: Bearer \(good), Bearer \(good)"], ["Authorization: Bearer\u{301} \(good)"],
        ["Authorization: Bearer \(good[..<middle]) \(good[middle...])"], ["Authorization: Basic \(good)"],
        ["Authorization: \(good)"], ["Authorization: Bearer "], ["\(cookie)x", "Authorization: Bearer \(good)"],
        ["\(cookie)\(good[..<middle])\"\(good[middle...])"], ["Cookie: access_token_cookie\u{301}=\(good)"],
        ["Cookie: ACCESS_TOKEN_COOKIE=\(good)"],
      ] {
        #expect(try status(lines) == 401, "\(lines)")
      }
      #expect(try gatehouse.stop() == 0)
    }
  }
}
