import TestSupport
import Testing

@testable import DumpFormat

/// Content as the scanner gives it, when its text comes in blocks.
private func scan(_ text: [UInt8], blocks: [Int]) throws -> (contents: Contents, createdAt: String) {
  var scanner = DMP1Scanner()
  var contents = Contents()
  var start = 0
  for size in blocks + [text.count] where start < text.count {
    let end = min(text.count, start + size)
    try Array(text[start..<end]).withUnsafeBytes { block in
      try scanner.scan(block) { name in
        contents.groups.append(name)
      } record: { name, record in
        contents.records[name, default: []].append(String(decoding: record, as: UTF8.self))
      }
    }
    start = end
  }
  return (contents, try scanner.finish().header.createdAt)
}

@Suite("The content of a dump")
struct ContentTests {
  static let text = Array(
    #"""
    {"note":{"a":[1,"}]"]},"version":1 , "flag":true,"n":-1.5e+3,"data":{"users":[{"a":"\\"},{"q":"\"{[\\\""}
    , {"d":[[{}],[]],"é":"😀\u00e9"}],"na\"me\u0041\n":[],"b":[{}]},"created_at":"2026-01-02T03:04:05.6Z","nan":NaN}
    """#.utf8)
  static let contents = Contents(
    groups: ["users", "na\"meA\n", "b"],
    records: ["users": [#"{"a":"\\"}"#, #"{"q":"\"{[\\\""}"#, #"{"d":[[{}],[]],"é":"😀\u00e9"}"#], "b": ["{}"]])

  @Test("is the same wherever a block ends")
  func everySplit() throws {
    for split in 0...Self.text.count {
      let (contents, createdAt) = try scan(Self.text, blocks: [split])
      #expect(contents == Self.contents, "split at \(split)")
      #expect(createdAt == "2026-01-02T03:04:05.6Z")
    }
    #expect(try scan(Self.text, blocks: Array(repeating: 1, count: Self.text.count)).contents == Self.contents)
  }

  @Test("is the same in blocks of any sizes", arguments: 0..<50)
  func randomBlocks(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let blocks = (0..<Self.text.count).map { _ in Int.random(in: 1...20, using: &random) }
    #expect(try scan(Self.text, blocks: blocks).contents == Self.contents)
  }

  @Test("is refused wherever it is cut")
  func cut() {
    for length in 0..<Self.text.count {
      #expect(throws: DumpFormatError.self) { try scan(Array(Self.text[..<length]), blocks: []) }
    }
  }

  @Test("is refused, or read as it stands, with any byte changed", arguments: 0..<20)
  func mutations(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let interesting = Array("{}[]\",:\\ 0a".utf8) + [0, 0x80, 0xFF]
    var accepted = 0
    for _ in 0..<500 {
      var text = Self.text
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let index = Int.random(in: text.indices, using: &random)
        let byte = interesting[Int.random(in: interesting.indices, using: &random)]
        switch Int.random(in: 0..<3, using: &random) {
        case 0: text[index] = byte
        case 1: text.insert(byte, at: index)
        default: text.remove(at: index)
        }
      }
      do {
        let whole = try scan(text, blocks: [])
        accepted += 1
        #expect(try scan(text, blocks: Array(repeating: 7, count: text.count)) == whole)
        for record in whole.contents.records.values.joined() {
          #expect(record.utf8.first == UInt8(ascii: "{") && record.utf8.last == UInt8(ascii: "}"))
        }
      } catch is DumpFormatError {
        #expect(throws: DumpFormatError.self) { try scan(text, blocks: Array(repeating: 7, count: text.count)) }
      }
    }
    // Some changes fall into a document's strings: were all refused, this test would say nothing.
    #expect(accepted > 0)
  }

  @Test(
    "is refused when the envelope is no JSON",
    arguments: [
      #""note":,"#, #""note":],"#, #""note":word,"#, #""note":+1,"#, #""note":1x,"#, #""note":"a""b","#, #""note" 1,"#,
      #"note:1,"#, #""no\u12te":1,"#, #""no\u+123te":1,"#, #""no\xte":1,"#, #""\ud800":1,"#, #""note":{"a":1],"#,
      #""note":1,,"#, ",",
    ])
  func envelope(member: String) {
    let text = "{" + member + #""version":1,"created_at":"t","data":{}}"#
    #expect { try scan(Array(text.utf8), blocks: []) } throws: {
      ($0 as? DumpFormatError)?.code == .malformedContent
    }
  }

  @Test("names the place of a fault")
  func position() {
    let text = #"{"version":1,"data":{"a":[{},7]}}"#
    #expect { try scan(Array(text.utf8), blocks: [5, 9]) } throws: { error in
      "\(error)".hasSuffix("at byte 29")
    }
  }

  @Test("is refused with a version that only a newer program knows")
  func version() {
    for version in ["2", "1.0", "\"1\"", "true"] {
      let text = #"{"version":\#(version),"created_at":"t","data":{}}"#
      #expect { try scan(Array(text.utf8), blocks: []) } throws: {
        ($0 as? DumpFormatError)?.code == .unsupportedVersion && "\($0)".contains("newer")
      }
    }
  }

  @Test("is refused when a document has no end in sight")
  func endlessRecord() throws {
    var scanner = DMP1Scanner()
    let head = Array(#"{"version":1,"created_at":"t","data":{"a":[{"k":""#.utf8)
    try head.withUnsafeBytes { try scanner.scan($0, group: { _ in }, record: { _, _ in }) }
    let filler = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
    var taken = 0
    #expect {
      while taken <= maximumRecord {
        try filler.withUnsafeBytes { try scanner.scan($0, group: { _ in }, record: { _, _ in }) }
        taken += filler.count
      }
    } throws: {
      ($0 as? DumpFormatError)?.code == .recordTooLarge
    }
    // It stops at the cap and not at the end of the file.
    #expect(taken == maximumRecord - filler.count)
  }

  @Test("keeps collections apart whose names only look alike, and refuses those whose names are the same")
  func names() throws {
    let names = ["caf\u{E9}", "cafe\u{301}", "\u{212A}", "K", "\u{1}195.169.", "\u{E9}"]
    for count in 1...names.count {
      let groups = names.prefix(count).enumerated().map { ($1, Array(repeating: "{}", count: $0)) }
      let (bytes, written) = try Dumps.sealed(groups)
      let (_, summary) = try Dumps.read(bytes)
      #expect(summary == written)
      #expect(summary.counts.map { Array($0.name.utf8) } == names.prefix(count).map { Array($0.utf8) })
      #expect(summary.counts.map(\.records) == Array(0..<count))
    }
    // As Doorman escapes them.
    let content = #""caf\u00e9":[{}],"cafe\u0301":[]"#
    let text = #"{"version":1,"created_at":"t","data":{\#(content)}}"#
    #expect(try Dumps.read(Dumps.sealed(text: text)).summary.counts.map(\.records) == [1, 0])
    let twice = #"{"version":1,"created_at":"t","data":{"caf\u00e9":[],"caf\u00E9":[]}}"#
    #expect(throws: DumpFormatError.self) { try Dumps.read(Dumps.sealed(text: twice)) }
    // The digits are ASCII; Unicode has others.
    let wide = #"{"version":1,"created_at":"t","data":{"\u\#u{FF10}\#u{FF10}\#u{FF16}\#u{FF11}":[]}}"#
    #expect(throws: DumpFormatError.self) { try Dumps.read(Dumps.sealed(text: wide)) }
  }

  @Test("has a key that is told from others by its bytes")
  func keys() throws {
    #expect(DumpKey("caf\u{E9}") != DumpKey("cafe\u{301}"))
    #expect(DumpKey("caf\u{E9}") == DumpKey("caf\u{E9}"))
  }
}
