import HTTPTypes
import JSON
import Testing

@testable import Platform

@Suite("Cookies")
struct CookieTests {
  @Test(
    "of a cookie's value only the quotes around it are none of it",
    arguments: [
      ("a=1; csrf_token=x; csrf_token=y", "x"), ("csrf_token=\"x\"", "x"), ("csrf_token= x ", "x"),
      ("csrf_token=x\"y", "x\"y"), ("csrf_token=\"", "\""), ("csrf_token=a=b", "a=b"), ("csrf_token=", ""),
      ("a=1;\u{301}; csrf_token=x", "x"), ("csrf_token\u{301}=x", nil), ("csrf_token", nil), ("Csrf_token=x", nil),
      ("csrf_token=\u{301}", "\u{301}"),
    ] as [(String, String?)])
  func cookies(line: String, value: String?) {
    let found = CookieJar.value(CookieJar.csrf, in: [.cookie: line])
    #expect(found.map(UTF8Key.init) == value.map(UTF8Key.init))
  }
}
