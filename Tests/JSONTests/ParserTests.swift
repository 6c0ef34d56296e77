import JSON
import TestSupport
import Testing

@Suite("The JSON parser")
struct ParserTests {
  @Test(
    "accepts what RFC 8259 allows and writes it in the compact form",
    arguments: [
      ("null", "null"), (" true ", "true"), ("[1, 2]", "[1,2]"), ("{\"a\" : [ ] }", "{\"a\":[]}"),
      ("1.0", "1.0"), ("-0", "-0"), ("1E+2", "1E+2"),
      ("123456789012345678901234567890", "123456789012345678901234567890"),
      (#""\u00e9""#, "\"é\""), (#""\ud83d\ude00""#, "\"😀\""), (#""\/""#, "\"/\""), (#""\u0000""#, #""\u0000""#),
      (#""\b\f\n\r\t""#, #""\b\f\n\r\t""#), ("\"\u{7F}\"", "\"\u{7F}\""), ("{\"a\":1,\"a\":2}", "{\"a\":2}"),
    ])
  func accepts(text: String, spelling: String) throws {
    #expect(JSONWriter.text(try JSONParser().parse(text)) == spelling)
  }

  @Test(
    "refuses what RFC 8259 does not allow, with the position",
    arguments: [
      ("", JSONError.Code.empty, 0), ("  ", .empty, 0), ("nul", .unexpectedByte, 0), ("[1,]", .unexpectedByte, 3),
      ("{\"a\"}", .unexpectedByte, 4), ("{a:1}", .unexpectedByte, 1), ("[1", .unexpectedEnd, 2),
      ("\"a", .unexpectedEnd, 2),
      ("01", .trailingBytes, 1), ("1.", .invalidNumber, 0), ("-", .invalidNumber, 0), ("+1", .unexpectedByte, 0),
      ("1 2", .trailingBytes, 2), ("\"\n\"", .unexpectedByte, 1), (#""\x""#, .invalidEscape, 1),
      (#""\u12G4""#, .invalidEscape, 1),
      (#""\ud800""#, .invalidEscape, 1), (#""\udc00\ud800""#, .invalidEscape, 1), ("NaN", .unexpectedByte, 0),
      ("[1}", .unexpectedByte, 2), ("\u{FEFF}1", .unexpectedByte, 0), ("{\"a\":1,}", .unexpectedByte, 7),
    ])
  func refuses(text: String, code: JSONError.Code, offset: Int) {
    #expect(throws: JSONError(code, at: offset)) { try JSONParser().parse(text) }
  }

  @Test(
    "refuses bytes that are no UTF-8",
    arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xF5, 0x80, 0x80, 0x80]] as [[UInt8]])
  func invalidUTF8(bytes: [UInt8]) {
    let text = Array("[\"".utf8) + bytes + Array("\"]".utf8)
    #expect(throws: JSONError(.invalidUTF8, at: 2)) { try JSONParser().parse(text) }
  }

  @Test("can refuse a key that is repeated in one object, in whatever spelling")
  func repeatedKeys() throws {
    let many = (0..<40).map { "\"k\($0)\":0" }.joined(separator: ",")
    for text in [
      #"{"a":1,"a":1}"#, #"{"a":1,"\u0061":2}"#, #"[{"b":{"a":1,"c":2,"a":3}}]"#, "{\(many),\"k0\":1}",
      "{\(many),\"k39\":1}", "{\"\u{E9}\":1,\(many),\"\\u00e9\":1}",
    ] {
      _ = try JSONParser().parse(text)
      #expect(throws: JSONError.self, "\(text)") { try JSONParser(repeatedKeys: .refused).parse(text) }
    }
    for text in [#"{"a":{"a":1},"b":{"a":1}}"#, "{\"\u{E9}\":1,\"e\u{301}\":2}", "{\(many)}"] {
      _ = try JSONParser(repeatedKeys: .refused).parse(text)
    }
    do {
      _ = try JSONParser(repeatedKeys: .refused).parse(#"{"a":1,"a":1}"#)
    } catch {
      #expect(error == JSONError(.repeatedKey, at: 7))
    }
  }

  @Test("bounds the depth")
  func depth() throws {
    let deep = { (depth: Int) in String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    _ = try JSONParser(maximumDepth: 64).parse(deep(64))
    #expect(throws: JSONError(.tooDeep, at: 64)) { try JSONParser(maximumDepth: 64).parse(deep(65)) }
    #expect(throws: JSONError.self) { try JSONParser().parse(String(repeating: "{\"a\":", count: 100_000)) }
  }

  @Test("accepts Python's extensions of the RFC only with that dialect")
  func python() throws {
    let parser = JSONParser(dialect: .python)
    #expect(try parser.parse("[NaN,Infinity,-Infinity,-1]") == [.null, .null, .null, -1])
    #expect(try parser.parse(#""\ud800x""#) == "\u{FFFD}x")
  }

  @Test("distinguishes keys that only look alike, and keeps the last of two equal ones", arguments: [2, 40, 20_000])
  func keys(count: Int) throws {
    let members = (0..<count).map { "\"k\($0)\":\($0)" } + ["\"é\":1", "\"e\u{301}\":2", "\"k1\":\"last\""]
    let object = try JSONParser().parseObject(Array("{\(members.joined(separator: ","))}".utf8))
    #expect(object.count == count + 2)
    #expect(object["é"] == 1)
    #expect(object["e\u{301}"] == 2)
    #expect(object["k1"] == "last")
  }

  @Test("reads back what the writer writes", arguments: 0..<50)
  func roundTrip(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<40 {
      let value = RandomJSON.value(depth: 4, using: &generator)
      let bytes = JSONWriter.bytes(value)
      let again = try JSONParser().parse(bytes)
      #expect(again == value)
      #expect(JSONWriter.bytes(again) == bytes)
    }
  }

  @Test("tells keys apart whatever their bytes, however many members there are", arguments: [0, 13, 14, 15, 16, 40])
  func alike(others: Int) throws {
    // An earlier hash gave both keys of such a pair the same value. `195.169.` spells out the bytes of `é`.
    let pairs = [("é", "\u{1}195.169."), ("\u{1}195.169.", "é"), ("a", "a\u{0}"), ("é", "e\u{301}"), ("", "\u{0}")]
    for (first, second) in pairs {
      var members = (0..<others).map { ("k\($0)", JSONValue.integer($0)) }
      members.insert((first, "first"), at: others / 2)
      members.append((second, "second"))
      let text = JSONWriter.bytes(.object(JSONObject(members)))
      let object = try JSONParser().parseObject(text)
      #expect(object.count == others + 2)
      #expect(object[first] == "first")
      #expect(object[second] == "second")
      #expect(JSONWriter.bytes(object) == text)
    }
  }
}
