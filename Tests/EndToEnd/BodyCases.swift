/// Bodies of requests, and the fields that frame them (RFC 9112, sections 6 and 7): payloads by which requests are
/// smuggled through proxies.
enum BodyCases {
  /// A whole request that a reader with another idea of the body's end would see.
  private static let smuggled = "GET {path}&smuggled HTTP/1.1\r\n{host}\r\n"

  /// Each `Content-Length` beside a body of five bytes.
  static let lengths: [WireCase] =
    [
      ("+5", 400), ("-5", 400), ("-0", 400), ("0x5", 400), ("5 5", 400), ("5_0", 400), ("5.0", 400), ("5e0", 400),
      ("0o5", 400), ("5, 5", 400), ("5,", 400), (",5", 400), ("5;", 400), ("5\u{B}", 400), ("\u{A0}5", 400), ("", 400),
      ("5\t", 400), ("9223372036854775808", 400), ("18446744073709551621", 400), ("5\r\nContent-Length: 5", 400),
      ("5\r\nContent-Length: 6", 400), ("\r\nContent-Length: 5", 400), ("\r\n 5", 400), ("five", 400),
    ].map { value, status in
      WireCase("length '\(value)'", "{post}Content-Length: \(value)\r\n\r\nhello", .refused(status))
    } + [
      WireCase("a length", "{post}Content-Length: 5\r\n\r\nhello", .forwarded),
      WireCase("a length with zeros", "{post}Content-Length: 005\r\n\r\nhello", .forwarded),
      WireCase("a length between spaces", "{post}Content-Length:   5  \r\n\r\nhello", .forwarded),
      WireCase("no length", "{post}\r\n", .forwarded),
      WireCase("a request in the body of GET", "{get}Content-Length: 5\r\n\r\nGET /", .forwarded),
      WireCase("a length with a space before the colon", "{post}Content-Length : 5\r\n\r\nhello", .refused(400)),
      WireCase("a length in a folded line", "{post}X: y\r\n Content-Length: 5\r\n\r\nhello", .refused(400)),
      WireCase("a length behind a carriage return", "{post}X: y\rContent-Length: 5\r\n\r\nhello", .refused(400)),
      WireCase("a length behind a line feed", "{post}X: y\nContent-Length: 5\r\n\r\nhello", .refused(400)),
      WireCase("a line end behind a body", "{post}Content-Length: 1\r\n\r\na\r\n", .forwarded),
    ]

  private static let codings: [(coding: String, status: Int?)] = [
    (" chunked", nil), (" Chunked", nil), ("chunked", nil), (" \tchunked", nil), (" chunked ", nil),
    (" chunked\t", 501), (" chunked\u{B}", 400), (" \u{B}chunked", 400), (" chunked\u{C}", 400),
    (" \u{0}chunked", 400), (" \u{A0}chunked", 501), (" \u{85}chunked", 501), (" xchunked", 501), (" chunk", 501),
    (" chunked-", 501), (" \"chunked\"", 501), (" 'chunked'", 501), (" chunked;a=b", 501), (" chunked gzip", 501),
    (" chunked, identity", 400), (" identity, chunked", 501), (" identity", 501), (" gzip, chunked", 501),
    (" chunked, chunked", 400), (" chunked, gzip", 400), (" ,chunked", nil), (" chunked,", 400), ("", 400),
    ("\r\n chunked", 400),
    ("\n chunked", 400), (" chunked\r\nTransfer-Encoding: chunked", 400),
    (" chunked\r\nTransfer-Encoding: identity", 400), (" identity\r\nTransfer-Encoding: chunked", 501),
    (" x\r\nTransfer-Encoding: chunked", 501),
    (" chunked\r\nTransfer-Encoding:", 400), ("\r\nTransfer-Encoding: chunked", 400),
  ]

  /// Each `Transfer-Encoding` alone, and beside a length: both together are refused, whatever they are.
  static let transferCodings: [WireCase] = codings.flatMap { coding, status in
    let field = "Transfer-Encoding:\(coding)\r\n"
    let alone = WireCase(
      "coding '\(coding)'", "{post}\(field)\r\n0\r\n\r\n", status.map { .refused($0) } ?? .forwarded)
    let behind = WireCase(
      "a length before coding '\(coding)'", "{post}Content-Length: 5\r\n\(field)\r\n0\r\n\r\n" + smuggled, .refused(400)
    )
    let before = WireCase(
      "a length behind coding '\(coding)'", "{post}\(field)Content-Length: 5\r\n\r\n0\r\n\r\n" + smuggled, .refused(400)
    )
    return [alone, behind, before]
  }

  /// Names that are nearly `Transfer-Encoding`.
  static let codingNames: [WireCase] =
    [
      "Transfer-Encoding : chunked", "Transfer-Encoding\t: chunked", " Transfer-Encoding: chunked",
      "X: y\r\n Transfer-Encoding: chunked", "X: y\nTransfer-Encoding: chunked", "X: y\rTransfer-Encoding: chunked",
      "X: y\r\n\rTransfer-Encoding: chunked", "Transfer-Encoding\n: chunked", "Transfer Encoding: chunked",
      "Transfer-Encoding\u{0}: chunked", "Transfer-Encoding;: chunked", "Transfer-Encoding\u{E9}: chunked",
    ].map { WireCase("'\($0)'", "{post}Content-Length: 5\r\n\($0)\r\n\r\n0\r\n\r\n" + smuggled, .refused(400)) }
    + ["Transfer_Encoding: chunked", "X-Transfer-Encoding: chunked", "Content_Length: 3"].map {
      WireCase("'\($0)'", "{post}Content-Length: 5\r\n\($0)\r\n\r\n0\r\n\r\n", .forwarded)
    }
    + [
      WireCase(
        "a coding in HTTP/1.0",
        "POST {path} HTTP/1.0\r\n{host}Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        .refused(400)),
      WireCase(
        "a coding and a length in HTTP/1.0",
        "POST {path} HTTP/1.0\r\n{host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", .refused(400)),
    ]

  /// RFC 9112, section 7.1.
  static let chunks: [WireCase] =
    [
      "5\r\nhello\r\n0\r\n\r\n", "5;a\r\nhello\r\n0\r\n\r\n", "5;a=b;c\r\nhello\r\n0;d\r\n\r\n",
      "5;a=\"b;c\"\r\nhello\r\n0\r\n\r\n", "A\r\n0123456789\r\n000\r\n\r\n", "0000000005\r\nhello\r\n0\r\n\r\n",
      "1\r\na\r\n1\r\nb\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\nX-T: a\r\n\r\n", "0\r\n\r\n",
    ].map { WireCase("chunks '\($0)'", "{post}Transfer-Encoding: chunked\r\n\r\n\($0)", .forwarded) }
    + [
      "5 ;a=b\r\nhello\r\n0\r\n\r\n", "5;\r\nhello\r\n0\r\n\r\n", "5;[\r\nhello\r\n0\r\n\r\n",
      "5;a\u{0}\r\nhello\r\n0\r\n\r\n",
      "5;a\u{1}\r\nhello\r\n0\r\n\r\n", "5;a\rb\r\nhello\r\n0\r\n\r\n", "5;a\nhello\r\n0\r\n\r\n",
      "5\nhello\r\n0\r\n\r\n",
      "5\rhello\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello\r0\r\n\r\n", "5\r\nhello0\r\n\r\n",
      "5\r\nhelloXX\r\n0\r\n\r\n", "5\r\nhello\r\n0\n\r\n", "5\r\nhello\r\n0\r\n\n", "5\r\nhello\r\n0\n\n",
      "5\r\nhello\r\n0\r\n\r\r\n", "5\r\nhello\r\n\r\n0\r\n\r\n", " 5\r\nhello\r\n0\r\n\r\n",
      "5 \r\nhello\r\n0\r\n\r\n",
      "5\t\r\nhello\r\n0\r\n\r\n", "+5\r\nhello\r\n0\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n",
      "5_0\r\nhello\r\n0\r\n\r\n", "5h\r\nhello\r\n0\r\n\r\n", "5\u{B}\r\nhello\r\n0\r\n\r\n", "+0\r\n\r\n",
      "-0x0\r\n\r\n", "0x0\r\n\r\n",
      "\r\n\r\n", "\r\n5\r\nhello\r\n0\r\n\r\n", "2\r\r;a\r\nab\r\n0\r\n\r\n",
      "10000000000000005\r\nhello\r\n0\r\n\r\n",
      "ffffffffffffffff\r\nhello\r\n0\r\n\r\n", "7fffffffffffffff\r\nhello\r\n0\r\n\r\n",
      "5;\(String(repeating: "a", count: 70_000))\r\nhello\r\n0\r\n\r\n",
      // Trailers.
      "0\r\nConnection: close\r\n\r\n", "0\r\nX-T: a\r\nUpgrade: h2c\r\n\r\n", "0\r\nContent-Length: 9\r\n\r\n",
      "0\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\nX-T : a\r\n\r\n",
      "0\r\nX-T\r\n\r\n",
      "0\r\n X-T: a\r\n\r\n", "0\r\nX-T: a\r\n b\r\n\r\n", "0\r\nX-T: a\nX-U: b\r\n\r\n", "0\r\nX-T: a\rX-U: b\r\n\r\n",
      "0\r\nX-T: a\u{0}\r\n\r\n", "0\r\n: a\r\n\r\n", "0\r\nX-T: a\r\n\n", "0\r\n" + smuggled,
      "0\r\nX-T: \(String(repeating: "a", count: 70_000))\r\n\r\n",
    ].map { text in
      let name = "chunks '\(text.prefix(40))'"
      return WireCase(name, "{post}Transfer-Encoding: chunked\r\n\r\n\(text)", .refused(400))
    }
}
