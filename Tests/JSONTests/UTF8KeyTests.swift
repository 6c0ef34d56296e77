import Testing

@testable import JSON

@Suite("A key by its bytes")
struct UTF8KeyTests {
  @Test("tells apart what Unicode regards as equivalent")
  func equivalents() {
    let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
    #expect(composed == decomposed, "as Swift compares")
    #expect(UTF8Key(composed) != UTF8Key(decomposed))
    #expect(Set([composed, decomposed, composed].map(UTF8Key.init)).count == 2)
    let values = [UTF8Key(composed): 1, UTF8Key(decomposed): 2]
    #expect(values[UTF8Key("caf\u{E9}")] == 1)
    #expect(values[UTF8Key("cafe\u{301}")] == 2)
  }
}
