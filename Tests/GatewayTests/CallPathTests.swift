import Testing

@testable import Gateway

@Suite("The path of a call")
struct CallPathTests {
  private func path(_ rest: String) throws -> CallPath { try CallPath("/api/rest/" + rest) }

  /// The path that a server gets.
  private func sent(_ rest: String) throws -> String {
    try path(rest).spelledURI.map { "/" + $0 }.joined()
  }

  @Test("has a name, a version and the URI of an endpoint")
  func parts() throws {
    let path = try path("orders/v1/items/7?x=1")
    #expect(path.name == "orders")
    #expect(path.version == "v1")
    #expect(path.uri == ["items", "7"])
    #expect(path.spelledURI == ["items", "7"])
  }

  @Test(
    "has a version only where 'v' and digits stand",
    arguments: [
      ("orders/v1", "v1"), ("orders/v20/x", "v20"), ("orders/v", nil), ("orders/V1", nil), ("orders/v1a", nil),
      ("orders/1", nil), ("orders/items/v1", nil), ("orders/v\u{664}", nil), ("orders", nil),
    ])
  func versions(rest: String, version: String?) throws {
    #expect(try path(rest).version == version)
  }

  @Test("without a version has the URI behind the name")
  func withoutVersion() throws {
    #expect(try path("orders/items/7").uri == ["items", "7"])
    #expect(try path("orders").uri == [])
    #expect(try path("").name == "")
  }

  @Test("drops empty segments and a slash at the end")
  func emptySegments() throws {
    #expect(try path("//orders///v1//items/").uri == ["items"])
    #expect(try sent("orders/v1//items///7//") == "/items/7")
    #expect(try path("orders/v1").uri == [])
    #expect(try path("orders/v1/").uri == [])
  }

  @Test(
    "is refused with a segment that a server may take for '.' or '..'",
    arguments: [
      "orders/v1/..", "orders/v1/./x", "../platform", "orders/v1/%2e%2e/x", "orders/v1/%2E./x", "orders/v1/.%2e",
      "orders/v1/%2e", "orders/v1/..;x/y", "orders/v1/..;/y", "orders/v1/.;a=b", "orders/v1/%2e%2e;x", "..%3Bx",
      "orders/..", "orders/v1/x/..?y",
    ])
  func dots(rest: String) {
    #expect(throws: CallFailure.path) { try path(rest) }
  }

  @Test(
    "is refused with an encoded slash, a backslash or a control character",
    arguments: [
      "orders/v1/a%2Fb", "orders/v1/a%2fb", "orders/v1/%2F", "orders/v1/a%5Cb", "orders/v1/a%5cb", "orders/v1/a\\b",
      "orders/v1/%00", "orders/v1/a%0d%0ab", "orders/v1/%1F", "orders/v1/%7F", "orders/v1/a b", "orders/v1/a\u{7F}",
      "orders/v1/a\tb", "orders%2Fv1/x",
    ])
  func dangerousBytes(rest: String) {
    #expect(throws: CallFailure.path) { try path(rest) }
  }

  @Test(
    "is refused with an escape that is none",
    arguments: [
      "orders/v1/%", "orders/v1/%4", "orders/v1/%4/x", "orders/v1/%G1", "orders/v1/%1G", "orders/v1/%%41",
      "orders/v1/a%u0041", "orders/v1/%+1", "orders/v1/%?x",
    ])
  func invalidEscapes(rest: String) {
    #expect(throws: CallFailure.path) { try path(rest) }
  }

  @Test(
    "is refused with escapes that are no UTF-8, as overlong forms of a dot or a slash",
    arguments: [
      "orders/v1/%C0%AE%C0%AE", "orders/v1/%c0%af", "orders/v1/%FF", "orders/v1/%E0%80%AE", "orders/v1/%ED%A0%80",
    ])
  func invalidText(rest: String) {
    #expect(throws: CallFailure.path) { try path(rest) }
  }

  @Test("decodes escapes once, and sends those that a character needs in upper case")
  func escapes() throws {
    #expect(try path("orders/v1/%61%2D%7e").uri == ["a-~"])
    #expect(try sent("orders/v1/%61%2D%7e") == "/a-~")
    #expect(try path("orders/v1/a%20b%3fc").uri == ["a b?c"])
    #expect(try sent("orders/v1/a%20b%3fc") == "/a%20b%3Fc")
    #expect(try path("orders/v1/%252e%252e").uri == ["%2e%2e"], "an escaped escape is no dot")
    #expect(try sent("orders/v1/%252e%252e") == "/%252e%252e")
    #expect(try path("%6Frders/%76%31/x").version == "v1")
  }

  @Test("sends characters of UTF-8 as escapes, however they came")
  func text() throws {
    for rest in ["orders/v1/caf\u{E9}", "orders/v1/caf%C3%A9", "orders/v1/caf%c3%a9"] {
      #expect(try path(rest).uri.map { Array($0.utf8) } == [Array("caf\u{E9}".utf8)])
      #expect(try sent(rest) == "/caf%C3%A9")
    }
    #expect(try sent("orders/v1/\"<>^`{|}#") == "/%22%3C%3E%5E%60%7B%7C%7D%23")
  }

  @Test("keeps parameters of a segment, escaped or not, as they came")
  func matrixParameters() throws {
    #expect(try path("orders/v1/items;a=b;c/7").uri == ["items;a=b;c", "7"])
    #expect(try sent("orders/v1/items;a=b;c/7") == "/items;a=b;c/7")
    #expect(try sent("orders/v1/items%3ba") == "/items%3Ba")
    #expect(try sent("orders/v1/a..;x") == "/a..;x")
    #expect(try sent("orders/v1/...") == "/...")
  }

  @Test("tells where the query begins, and does not look into it")
  func query() throws {
    let target = "/api/rest/orders/v1/x?a=../%2e%zz?b"
    #expect(try CallPath(target).queryStart == "/api/rest/orders/v1/x".utf8.count)
    #expect(try CallPath("/api/rest/orders/v1/x").queryStart == "/api/rest/orders/v1/x".utf8.count)
    #expect(try CallPath("/api/rest/?x").queryStart == "/api/rest/".utf8.count)
  }

  @Test("is the same when it is read again from what is sent")
  func stable() throws {
    var generator = PrintedGenerator("CallPathTests")
    let pieces = [
      "/", "a", "%2", "5", "%41", "%2e", ".", ";", "%20", "v1", "\u{E9}", "%C3%A9", "%", "?", "=", "~", "%3b",
    ]
    var accepted = 0
    for _ in 0..<20_000 {
      let rest = (0..<Int.random(in: 1...8, using: &generator)).map { _ in pieces.randomElement(using: &generator) ?? ""
      }
      guard let first = try? path("orders/v1/" + rest.joined()) else { continue }
      accepted += 1
      let again = try path("orders/v1" + first.spelledURI.map { "/" + $0 }.joined())
      #expect(again.uri == first.uri, "\(rest.joined())")
      #expect(again.spelledURI == first.spelledURI, "\(rest.joined())")
      #expect(first.spelledURI.allSatisfy { $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && !$0.contains("/") })
    }
    #expect(accepted > 1000)
  }
}

@Suite("The characters of a path")
struct PathBytesTests {
  @Test("of a document are escaped where they need it, and escapes that are there stay")
  func escaped() {
    #expect(PathBytes.escaped("items") == "items")
    #expect(PathBytes.escaped("a b") == "a%20b")
    #expect(PathBytes.escaped("a%20b") == "a%20b")
    #expect(PathBytes.escaped("\u{E9}") == "%C3%A9")
    #expect(PathBytes.escaped("{x}") == "%7Bx%7D")
    #expect(PathBytes.escaped("a?b#c") == "a%3Fb%23c")
  }

  @Test("are plain exactly where RFC 3986 lets them stand in a segment")
  func plain() {
    let plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@"
    for byte in UInt8.min...UInt8.max { #expect(PathBytes.isPlain(byte) == plain.utf8.contains(byte), "\(byte)") }
  }
}
