import TestSupport
import Testing

@testable import JSON

@Suite("The JSON compactor")
struct CompactorTests {
  /// Compacts a text by parsing it and writing the value.
  private static func slowly(_ text: [UInt8], maximumDepth: Int) -> Result<[UInt8], JSONError> {
    Result { () throws(JSONError) in
      JSONWriter.bytes(try JSONParser(maximumDepth: maximumDepth, dialect: .python).parseObject(text))
    }
  }

  private static func compacted(
    _ text: [UInt8], by compactor: inout JSONCompactor
  ) -> Result<[UInt8], JSONError> {
    // The memory has exactly the text's size, so that a read beyond it is detected.
    text.withUnsafeBytes { source in Result { () throws(JSONError) in try compactor.compact(source) } }
  }

  private static func check(_ text: [UInt8], _ compactor: inout JSONCompactor, maximumDepth: Int = 64) {
    let expected = slowly(text, maximumDepth: maximumDepth)
    let found = compacted(text, by: &compactor)
    #expect(found == expected, "\(String(decoding: text, as: UTF8.self))")
  }

  @Test("gives the result of parsing and writing, for every spelling", arguments: 0..<60)
  func spellings(seed: UInt64) {
    var compactor = JSONCompactor(maximumDepth: 64)
    for spelling in RandomJSONText<SeededGenerator>.Spelling.allCases {
      var random = RandomJSONText(generator: SeededGenerator(seed: seed), spelling: spelling)
      for _ in 0..<30 { Self.check(Array(random.object(depth: 4).utf8), &compactor) }
    }
  }

  @Test("gives the same around the number of members from which a table finds those that came", arguments: 0..<20)
  func members(seed: UInt64) {
    var compactor = JSONCompactor(maximumDepth: 64)
    for spelling in RandomJSONText<SeededGenerator>.Spelling.allCases {
      var random = RandomJSONText(generator: SeededGenerator(seed: seed), spelling: spelling)
      for _ in 0..<6 { Self.check(Array(random.object(depth: 3, members: 25...140).utf8), &compactor) }
    }
  }

  @Test("gives the same bytes or the same error for damaged texts", arguments: 0..<60)
  func damage(seed: UInt64) {
    var compactor = JSONCompactor(maximumDepth: 64)
    for spelling in RandomJSONText<SeededGenerator>.Spelling.allCases {
      var random = RandomJSONText(generator: SeededGenerator(seed: seed), spelling: spelling)
      for _ in 0..<60 {
        var text = Array(random.object(depth: 3).utf8)
        for _ in 0...random.number(0...2) where !text.isEmpty {
          let place = random.number(0...text.count - 1)
          switch random.number(0...4) {
          case 0: text[place] = UInt8(random.number(0...255))
          case 1: text.remove(at: place)
          case 2: text.removeLast(text.count - place)
          case 3: text.insert(contentsOf: random.pick([[0xC3], [0xED, 0xA0, 0x80], [0xF0, 0x9F], [0x80]]), at: place)
          default: text.insert(random.pick(Array(" \",:{}[]\\uNI-0e.".utf8)), at: place)
          }
        }
        Self.check(text, &compactor)
      }
    }
  }

  @Test(
    "gives the same for texts that are one thing only",
    arguments: [
      "", " ", "{", "}", "[]", "[1", "nul", "1", "\"a\"", "{}", " {} ", "{} {}", "{}x", "{\"a\"}", "{\"a\":}",
      "{\"a\":1,}",
      "{\"a\":1 2}", "{a:1}", "{\"a\":NaN}", "{\"a\":nan}", "{\"a\":-Infinity}", "{\"a\":-Inf}", "{\"a\":-}",
      "{\"a\":01}",
      #"{"a":"\"#, #"{"a":"\u"#, #"{"a":"\u12"#, #"{"a":"\u12G4"}"#, #"{"a":"\x"}"#, #"{"a":"\ud800"}"#,
      #"{"a":"\ud800\u"#, #"{"a":"\ud800\u00"}"#, #"{"a":"\ud800\udbff"}"#, #"{"\ud800":1,"\udfff":2,"\ufffd":3}"#,
      #"{"\u0061":1,"a":{"b":2,"b":3},"a":{"\u0062":4}}"#, #"{"":1,"\u0000":2,"":3}"#,
      #"{"a":"\u001F\u001f\u000A\u002f\/"}"#,
      "{\"a\":\"\u{FEFF}\"}", "\u{FEFF}{}", "{\"a\":\"\n\"}", "{\"a\":\"b\u{1}", "[{\"a\":1}]",
    ])
  func single(text: String) {
    var compactor = JSONCompactor(maximumDepth: 64)
    Self.check(Array(text.utf8), &compactor)
  }

  @Test("copies the writer's output unchanged, byte for byte", arguments: 0..<40)
  func asItStands(seed: UInt64) throws {
    var compactor = JSONCompactor(maximumDepth: 64)
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<40 {
      let bytes = JSONWriter.bytes(RandomJSON.object(depth: 4, using: &generator))
      #expect(try Self.compacted(bytes, by: &compactor).get() == bytes)
    }
  }

  @Test("bounds the depth as the parser does")
  func depth() {
    var compactor = JSONCompactor(maximumDepth: 512)
    for depth in [511, 512, 100_000] {
      for (opening, closing) in [("[", "]"), ("{\"a\":", "}")] {
        let inner = String(repeating: opening, count: depth) + "1" + String(repeating: closing, count: depth)
        Self.check(Array("{\"x\":\(inner)}".utf8), &compactor, maximumDepth: 512)
      }
    }
  }

  @Test("has space for text that becomes longer, and continues with small documents after a huge one")
  func growth() {
    var compactor = JSONCompactor(maximumDepth: 64)
    for count in [1, 3, 1000, 400_000] {
      Self.check(Array("{\"a\":[\(Array(repeating: "NaN", count: count).joined(separator: ","))]}".utf8), &compactor)
      Self.check(Array("{\"a\":NaN,\"\\u0001\":NaN}".utf8), &compactor)
      Self.check(Array("{\"\(String(repeating: "\\u001F", count: count))\":\"\\ud800\"}".utf8), &compactor)
    }
  }

  @Test("takes no quadratic time in the number of members, whatever the keys", .timeLimit(.minutes(20)))
  func manyMembers() throws {
    var compactor = JSONCompactor(maximumDepth: 64)
    // The keys have the same length and the same first and last bytes, and each occurs twice. Comparing each with all
    // earlier members would take hours.
    let keys = (0..<100_000).map { "samestart\(1_000_000 + $0)sameends" }
    let text = "{" + (keys + keys).map { "\"\($0)\":1" }.joined(separator: ",") + "}"
    let bytes = try Self.compacted(Array(text.utf8), by: &compactor).get()
    #expect(bytes.count == text.utf8.count / 2 + 1)
    #expect(try JSONParser().parseObject(Array(text.utf8)).count == keys.count)
    #expect(JSONObject(keys.map { ($0, .null) }).count == keys.count)
  }
}

@Suite("The table of keys")
struct KeyTableTests {
  @Test("compares keys whose hashes are the same", arguments: [1, 2, 63, 64, 500])
  func collisions(hashes: Int) {
    let keys = (0..<1000).map { "key\($0)" }
    var table = KeyTable()
    for round in 0..<2 {
      for (place, key) in keys.enumerated() {
        let found = table.find(hash: (place * 31) % hashes, orAdd: place) { keys[$0] == key }
        #expect(found == (round == 0 ? nil : place))
      }
    }
  }
}

@Suite("The bytes of a compact text")
struct CompactTextTests {
  @Test("are those of the string", arguments: 0..<20)
  func bytes(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<100 {
      let text = RandomJSON.text(using: &generator) + RandomJSON.text(using: &generator)
      let bytes = JSONWriter.content(of: text).withUnsafeBytes { content in
        var compact = CompactText(content)
        var bytes: [UInt8] = []
        while let byte = compact.next() { bytes.append(byte) }
        return bytes
      }
      #expect(bytes == Array(text.utf8))
    }
  }
}
