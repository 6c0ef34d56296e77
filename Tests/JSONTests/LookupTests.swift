import JSON
import TestSupport
import Testing

@Suite("Lookups in JSON")
struct LookupTests {
  @Test("finds in bytes what a full parse finds", arguments: 0..<50)
  func compact(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<40 {
      let object = RandomJSON.object(depth: 3, using: &generator)
      let bytes = JSONWriter.bytes(object)
      for key in object.keys + ["missing"] {
        let found: JSONValue? = bytes.withUnsafeBytes { raw in
          JSONWriter.withContent(of: key) { CompactJSON.rangeOfValue(forKey: $0, in: raw) }
            .flatMap { try? JSONParser().parse(raw[$0]) }
        }
        #expect(found == object[key])
      }
    }
  }

  @Test("follows paths through objects and arrays")
  func paths() {
    let value: JSONValue = ["a": ["b": [1, ["c": "x"]]], "d": .null]
    #expect(value.value(at: "a.b.1.c") == "x")
    #expect(value.value(at: "a.b.0") == 1)
    #expect(value.value(at: "a.b.2") == nil)
    #expect(value.value(at: "d") == .null)
    #expect(value.value(at: "d.e") == nil)
    #expect(throws: JSONError.self) { try FieldPath(["a", "", "b"].joined(separator: ".")) }
  }

  @Test("splits paths at every dot, and compares them by their bytes")
  func pathBytes() throws {
    // Swift regards a dot followed by a combining accent as one character, which is not a dot.
    let path = try FieldPath(["a", "\u{301}b"].joined(separator: "."))
    #expect(path.components.count == 2)
    let value: JSONValue = ["a": ["\u{301}b": 1]]
    #expect(value.value(at: path) == 1)
    #expect(FieldPath(field: "\u{E9}") != FieldPath(field: "e\u{301}"))
    #expect(FieldPath(field: "\u{E9}") == FieldPath(field: "\u{E9}"))
  }

  @Test("compares numbers by value and objects without regard to order")
  func equality() throws {
    #expect(try JSONParser().parse("[1,0,10]") == JSONParser().parse("[1.0,-0,1e1]"))
    #expect(try JSONParser().parse("12345678901234567890") != JSONParser().parse("12345678901234567891"))
    #expect(JSONValue.object(["a": 1, "b": 2]) == .object(["b": 2, "a": 1]))
    #expect(JSONValue.string("é") != .string("e\u{301}"))
  }
}

@Suite("Update operations")
struct UpdateOperationTests {
  @Test("set, unset, increment, push and pull")
  func operations() throws {
    let document: JSONObject = ["n": 1, "list": [1, 2, 2], "deep": ["x": true], "unknown": "stays"]
    let updated = try document.applying([
      .set("deep.y.z", "new"), .unset("deep.x"), .increment("n", JSONNumber(4)), .increment("fresh", JSONNumber(1)),
      .push("list", 3), .push("made", "first"), .pull("list", 2), .pull("absent", 1), .unset("absent.too"),
    ])
    #expect(
      JSONValue.object(updated)
        == ["n": 5, "list": [1, 3], "deep": ["y": ["z": "new"]], "unknown": "stays", "fresh": 1, "made": ["first"]])
  }

  @Test(
    "that do not fit are refused with the field's name",
    arguments: [
      UpdateOperation.increment("text", JSONNumber(1)), .push("text", 1), .pull("text", 1), .set("text.deeper", 1),
      .set("list.7", 1), .increment("large", JSONNumber(1)),
    ])
  func misfits(operation: UpdateOperation) {
    let document: JSONObject = ["text": "x", "list": [1], "large": .integer(.max)]
    #expect {
      try document.applying([operation])
    } throws: { error in
      (error as? JSONError)?.code == .typeMismatch && "\(error)".contains("'\(operation.path)'")
    }
  }
}
