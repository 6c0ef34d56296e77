import Testing

@testable import JSON

@Suite("Text as bytes")
struct UTF8TextTests {
  @Test("is cut at a separator, also one that a combining mark follows, or half of CR LF")
  func cutting() {
    #expect("a=b=c".cut(at: UInt8(ascii: "=")).map { [$0.before, $0.after] } == ["a", "b=c"])
    #expect("abc".cut(at: UInt8(ascii: "=")) == nil)
    #expect("".cut(at: UInt8(ascii: "=")) == nil)
    #expect("a,b,,c".allParts(betweenBytes: UInt8(ascii: ",")) == ["a", "b", "", "c"])
    #expect("".allParts(betweenBytes: UInt8(ascii: ",")) == [""])
    for separator in ["/", ",", ";", "=", "@", ":", "&", "?", "%"] {
      let byte = separator.utf8.first ?? 0
      let text = "a\(separator)\u{301}b"
      #expect(text.split(separator: Character(separator)).count == 1, "as Swift splits")
      #expect(text.cut(at: byte).map { Array($0.after.utf8) } == [0xCC, 0x81, 0x62])
      #expect(text.allParts(betweenBytes: byte).count == 2)
    }
    #expect("a\r\nb".allParts(betweenBytes: UInt8(ascii: "\n")).map(\.utf8.count) == [2, 1])
  }

  @Test("begins, ends and is alike by bytes; case is that of ASCII")
  func comparing() {
    #expect("/\u{301}x".beginsWithBytes("/"))
    #expect(!"/\u{301}x".hasPrefix("/"), "as Swift compares")
    #expect("x/".endsWithBytes("/"))
    #expect(!"/".endsWithBytes("x/"))
    #expect(!"e\u{301}".endsWithBytes("\u{E9}"))
    #expect(!"\u{212A}".hasSameBytes(as: "K"))
    #expect(["a", "K"].containsBytes(of: "K"))
    #expect(!["a", "K"].containsBytes(of: "\u{212A}"))
    #expect("AZ\u{212A}\u{C9}[@".asciiLowercased.hasSameBytes(as: "az\u{212A}\u{C9}[@"))
    #expect("az\u{17F}\u{DF}{`".asciiUppercased.hasSameBytes(as: "AZ\u{17F}\u{DF}{`"))
  }

  @Test("is trimmed of spaces and tabs at its ends, and nothing else")
  func trimming() {
    #expect(" \t a b\t ".withoutOuterSpace == "a b")
    #expect(" \t".withoutOuterSpace == "")
    #expect("\u{A0}a\n".withoutOuterSpace.hasSameBytes(as: "\u{A0}a\n"))
    #expect(" \u{301}a".withoutOuterSpace.hasSameBytes(as: "\u{301}a"))
  }
}
