import HTTPAPI
import JSON
import Testing

@Suite("Queries")
struct QueryTests {
  @Test("of a query the first of a name counts, and a combining mark is part of the name or value that it stands in")
  func query() {
    let pairs = PercentEncoding.query(
      "page=2&page=3&a+b=c%20d&\u{301}x=1&e=\u{301}=2&=v&&flag&b%zz=1&v=%zz&page%CC%81=9")
    #expect(pairs[UTF8Key("page")] == "2")
    #expect(pairs[UTF8Key("a b")] == "c d")
    #expect(pairs[UTF8Key("\u{301}x")] == "1")
    #expect(pairs[UTF8Key("e")]?.hasSameBytes(as: "\u{301}=2") == true)
    #expect(pairs[UTF8Key("flag")] == "")
    #expect(pairs[UTF8Key("v")] == "")
    #expect(pairs[UTF8Key("page\u{301}")] == "9")
    #expect(pairs.count == 8, "an empty name is one; a broken one is none")
  }
}
