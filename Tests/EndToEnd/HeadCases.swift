/// Heads of requests. The sources are RFC 9112 and RFC 9110, and the public suites that probe servers by them.
enum HeadCases {
  private static func line(_ name: String, _ line: String, _ outcome: WireCase.Outcome) -> WireCase {
    WireCase(name, "\(line)\r\n{host}\r\n", outcome)
  }

  private static func field(_ name: String, _ field: String, _ outcome: WireCase.Outcome) -> WireCase {
    WireCase(name, "{get}\(field)\r\n\r\n", outcome)
  }

  /// RFC 9112, section 3.
  static let requestLines = [
    line("two spaces before the target", "GET  {path} HTTP/1.1", .refused(400)),
    line("two spaces before the version", "GET {path}  HTTP/1.1", .refused(400)),
    line("a space at the end", "GET {path} HTTP/1.1 ", .refused(400)),
    line("a space at the beginning", " GET {path} HTTP/1.1", .refused(400)),
    line("tabs for spaces", "GET\t{path}\tHTTP/1.1", .refused(400)),
    line("a vertical tab", "GET\u{B}{path} HTTP/1.1", .refused(400)),
    line("a space in the target", "GET {path}&a b HTTP/1.1", .refused(400)),
    line("no target", "GET HTTP/1.1", .refused(400)),
    line("no version, as HTTP/0.9", "GET {path}", .refused(400)),
    line("a space and no version", "GET {path} ", .refused(400)),
    line("a line end in the line", "GET {path}\r\nHTTP/1.1", .refused(400)),
    line("the name of another protocol", "GET {path} RTSP/1.1", .refused(400)),
    line("the name of another protocol, by its method", "SOURCE {path} ICE/1.1", .refused(400)),
    line("HTTPS as the name", "GET {path} HTTPS/1.1", .refused(400)),
    line("the name in lower case", "GET {path} http/1.1", .refused(400)),
    line("a space in the version", "GET {path} HTTP/ 1.1", .refused(400)),
    line("no minor version", "GET {path} HTTP/1", .refused(400)),
    line("a leading zero in the version", "GET {path} HTTP/01.1", .refused(400)),
    line("two digits in the version", "GET {path} HTTP/1.10", .refused(400)),
    line("a letter behind the version", "GET {path} HTTP/1.1x", .refused(400)),
    line("HTTP/1.2", "GET {path} HTTP/1.2", .refused(505)),
    line("HTTP/2.0", "GET {path} HTTP/2.0", .refused(505)),
    line("HTTP/0.9", "GET {path} HTTP/0.9", .refused(505)),
    line("HTTP/9.9", "GET {path} HTTP/9.9", .refused(505)),
    line("HTTP/3.0", "GET {path} HTTP/3.0", .refused(505)),
    line("a letter behind an unknown version", "GET {path} HTTP/1.2x", .refused(505)),
    WireCase("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .refused(505)),
    line("a method in lower case", "get {path} HTTP/1.1", .refused(405)),
    line("a method of nobody", "FOO {path} HTTP/1.1", .refused(405)),
    line("a method of 70000 letters", String(repeating: "A", count: 70_000) + " {path} HTTP/1.1", .refused(405)),
    line("a method of 33 letters", String(repeating: "A", count: 33) + " {path} HTTP/1.1", .refused(405)),
    line("a method of RTSP", "DESCRIBE {path} HTTP/1.1", .refused(405)),
    line("a parenthesis in the method", "GE(T {path} HTTP/1.1", .refused(400)),
    line("a colon behind the method", "GET: {path} HTTP/1.1", .refused(400)),
    line("a method that is not forwarded", "PROPFIND {path} HTTP/1.1", .answered(405)),
    line("TRACE", "TRACE {path} HTTP/1.1", .answered(405)),
    line("CONNECT", "CONNECT x:80 HTTP/1.1", .refused(405)),
    WireCase("an empty line before", "\r\n{get}\r\n", .forwarded),
    WireCase("three empty lines before", "\r\n\r\n\r\n{get}\r\n", .forwarded),
    WireCase("empty lines without end", String(repeating: "\r\n", count: 2000) + "{get}\r\n", .refused(400)),
    WireCase("a line feed before", "\n{get}\r\n", .refused(400)),
    WireCase("a carriage return before", "\r{get}\r\n", .refused(400)),
    WireCase("a line of spaces before", "  \r\n{get}\r\n", .refused(400)),
    WireCase("bytes of TLS", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{FC}\u{3}\u{3}\r\n\r\n", .refused(400)),
    WireCase("no head at all", "\u{80}\u{FF}\u{0}\r\n\r\n", .refused(400)),
  ]

  /// RFC 9112, section 3.2.
  static let targets = [
    line("NUL in the target", "GET {path}&\u{0} HTTP/1.1", .refused(400)),
    line("a control character in the target", "GET {path}&\u{1} HTTP/1.1", .refused(400)),
    line("DEL in the target", "GET {path}&\u{7F} HTTP/1.1", .refused(400)),
    line("a byte above ASCII in the target", "GET {path}&\u{E9} HTTP/1.1", .refused(400)),
    line("an overlong slash in the target", "GET {path}\u{C0}\u{AF} HTTP/1.1", .refused(400)),
    line("a fragment", "GET {path}#a HTTP/1.1", .refused(400)),
    line("a target of 70000 bytes", "GET {path}&\(String(repeating: "a", count: 70_000)) HTTP/1.1", .refused(414)),
    line("asterisk with GET", "GET * HTTP/1.1", .refused(400)),
    line("asterisk with OPTIONS", "OPTIONS * HTTP/1.1", .answered(204)),
    line("an authority", "GET x:80 HTTP/1.1", .refused(400)),
    line("another scheme", "GET ftp://x{path} HTTP/1.1", .refused(400)),
    line("a backslash", "GET \\api\\rest HTTP/1.1", .refused(400)),
    line("a URL of another host", "GET http://other{path} HTTP/1.1", .forwarded),
    WireCase("a URL without Host", "GET http://x{path} HTTP/1.1\r\n\r\n", .refused(400)),
    line("a URL with a user", "GET http://u@x{path} HTTP/1.1", .refused(400)),
    WireCase("no Host", "GET {path} HTTP/1.1\r\n\r\n", .refused(400)),
    WireCase("an empty Host", "GET {path} HTTP/1.1\r\nHost:\r\n\r\n", .refused(400)),
    field("two Hosts that differ", "Host: y", .refused(400)),
    field("two equal Hosts", "host: x", .refused(400)),
    WireCase("two hosts in one field", "GET {path} HTTP/1.1\r\nHost: a, b\r\n\r\n", .refused(400)),
    WireCase("a Host between spaces", "GET {path} HTTP/1.1\r\nHost:  x  \r\n\r\n", .forwarded),
    WireCase("a Host with NUL", "GET {path} HTTP/1.1\r\nHost: a\u{0}.b\r\n\r\n", .refused(400)),
  ]

  /// RFC 9112, sections 2.2 and 5.
  static let fields = [
    WireCase("line feeds alone", "GET {path} HTTP/1.1\nHost: x\n\n", .refused(400)),
    WireCase("a line feed behind the request line", "GET {path} HTTP/1.1\nHost: x\r\n\r\n", .refused(400)),
    WireCase("a line feed behind a field", "{get}X-A: b\nX-C: d\r\n\r\n", .refused(400)),
    WireCase("a line feed for the empty line", "{get}\n", .refused(400)),
    WireCase("carriage returns alone", "GET {path} HTTP/1.1\rHost: x\r\r", .refused(400)),
    field("a carriage return in a value", "X-A: b\rX-C: d", .refused(400)),
    field("two carriage returns", "X-A: b\r", .refused(400)),
    field("NUL in a value", "X-A: b\u{0}c", .refused(400)),
    field("a control character in a value", "X-A: b\u{7}c", .refused(400)),
    field("DEL in a value", "X-A: b\u{7F}c", .refused(400)),
    field("bytes above ASCII in a value", "X-A: b\u{E9}c", .forwarded),
    field("a tab in a value", "X-A: b\tc", .forwarded),
    field("an empty value", "X-A:", .forwarded),
    field("a space before the colon", "X-A : b", .refused(400)),
    field("a tab before the colon", "X-A\t: b", .refused(400)),
    field("a folded value", "X-A: b\r\n c", .refused(400)),
    field("a value folded with a tab", "X-A: b\r\n\tc", .refused(400)),
    WireCase("a folded first line", "GET {path} HTTP/1.1\r\n X-A: b\r\nHost: x\r\n\r\n", .refused(400)),
    field("no colon", "X-A", .refused(400)),
    field("no name", ": b", .refused(400)),
    field("a space in the name", "X A: b", .refused(400)),
    field("brackets in the name", "X[A]: b", .refused(400)),
    field("a byte above ASCII in the name", "X\u{E9}: b", .refused(400)),
    field("NUL in the name", "X\u{0}: b", .refused(400)),
    field("a value of 9000 bytes", "X-A: \(String(repeating: "a", count: 9000))", .forwarded),
    field("a value of 70000 bytes", "X-A: \(String(repeating: "a", count: 70_000))", .refused(431)),
    field("a name of 70000 bytes", "\(String(repeating: "a", count: 70_000)): b", .refused(431)),
    field("1000 fields", (0..<1000).map { "X-\($0): a" }.joined(separator: "\r\n"), .refused(431)),
  ]

  /// RFC 9112, section 9, and RFC 9110, section 7.6.1.
  static let connections = [
    field("close", "Connection: close", .last),
    field("close in upper case", "Connection: CLOSE", .last),
    field("close in a list", "Connection: x-a , Close", .last),
    field("close in a second field", "Connection: x-a\r\nConnection: close", .last),
    field("keep-alive and close", "Connection: keep-alive, close", .last),
    field("keep-alive", "Connection: keep-alive", .forwarded),
    WireCase("HTTP/1.0", "GET {path} HTTP/1.0\r\n\r\n", .last),
    WireCase("HTTP/1.0 with keep-alive", "GET {path} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", .last),
    WireCase("HTTP/1.0 with Upgrade", "GET {path} HTTP/1.0\r\nUpgrade: websocket\r\n\r\n", .last),
    field("another protocol", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM", .last),
    WireCase(
      "Connection naming the length", "{post}Connection: Content-Length\r\nContent-Length: 1\r\n\r\na", .forwarded),
    WireCase(
      "Connection naming the coding",
      "{post}Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", .forwarded),
    field("an upgrade that Connection does not name", "Upgrade: websocket", .last),
    field("Connection naming Host", "Connection: Host", .forwarded),
    field("Connection naming Authorization", "Connection: Authorization\r\nAuthorization: a", .forwarded),
    field("an unknown expectation", "Expect: 200-ok", .forwarded),
    WireCase("an expectation", "{post}Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello", .forwarded),
    WireCase(
      "an expectation and chunks", "{post}Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      .forwarded),
    WireCase("HEAD with a body", "HEAD {path} HTTP/1.1\r\n{host}Content-Length: 5\r\n\r\nGET /", .forwarded),
    WireCase("OPTIONS with a body", "OPTIONS {path} HTTP/1.1\r\n{host}Content-Length: 5\r\n\r\nGET /", .answered(204)),
  ]
}
