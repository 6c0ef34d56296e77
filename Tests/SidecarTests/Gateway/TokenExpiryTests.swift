import Testing

@testable import Sidecar

@Suite("TokenExpiry")
struct TokenExpiryTests {
  @Test(
    "is read from the claims of a token, and from nothing else",
    arguments: [
      // {"sub":"a","exp":1795556465}, {"exp":1795556465.7}, {}, and what is no token.
      ("h.eyJzdWIiOiJhIiwiZXhwIjoxNzk1NTU2NDY1fQ.s", 1_795_556_465), ("h.eyJleHAiOjE3OTU1NTY0NjUuN30.s", 1_795_556_465),
      ("h.e30.s", nil), ("abc", nil), ("a.b.c", nil), ("a.!!.c", nil), ("", nil),
    ])
  func seconds(token: String, seconds: Int?) {
    #expect(TokenExpiry.seconds(of: token) == seconds)
  }
}
