import Testing

@testable import DumpFormat

@Suite("Damaged and hostile dumps")
struct DamageTests {
  @Test("are refused at every length that is cut")
  func truncation() throws {
    let (bytes, _) = try Dumps.sealed([("users", [#"{"a":1}"#])])
    for length in 0..<bytes.count {
      #expect(throws: DumpFormatError.self) { try Dumps.read(Array(bytes[..<length])) }
    }
  }

  @Test("are refused with any bit turned")
  func bitFlips() throws {
    let (bytes, _) = try Dumps.sealed([("users", [#"{"a":1}"#])])
    for index in bytes.indices {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[index] ^= 1 << bit
        #expect(throws: DumpFormatError.self) { try Dumps.read(damaged) }
      }
    }
  }

  @Test("are refused with bytes behind the end")
  func appended() throws {
    let (bytes, _) = try Dumps.sealed([("users", [])])
    #expect(throws: DumpFormatError.self) { try Dumps.read(bytes + [0]) }
  }

  @Test(
    "are refused when the right key seals what is no dump",
    arguments: [
      "", "{", "[]", "null", "{}", #"{"version":1}"#, #"{"version":1,"created_at":"t"}"#,
      #"{"version":2,"created_at":"t","data":{}}"#, #"{"version":"1","created_at":"t","data":{}}"#,
      #"{"version":1,"created_at":7,"data":{}}"#, #"{"version":1,"created_at":"t","data":[]}"#,
      #"{"version":1,"created_at":"t","data":{"a":{}}}"#, #"{"version":1,"created_at":"t","data":{"a":[1]}}"#,
      #"{"version":1,"created_at":"t","data":{"a":[{]}}"#, #"{"version":1,"created_at":"t","data":{"a":[{}}}"#,
      #"{"version":1,"created_at":"t","data":{"a":[{},]}}"#, #"{"version":1,"created_at":"t","data":{"a":[{} {}]}}"#,
      #"{"version":1,"created_at":"t","data":{"a":[],"a":[]}}"#, #"{"version":1,"created_at":"t","data":{},"data":{}}"#,
      #"{"version":1,"created_at":"t","data":{"a":[]}} x"#, #"{"version":1,"created_at":"t","data":{"a":[]}}}"#,
      #"{"version":1,"created_at":"t","data":{"a":[{"b":[}]}]}}"#,
      #"{"version":1,"created_at":"t","data":{"a":[{"x":"unended"#,
    ])
  func hostileContent(text: String) throws {
    let bytes = try Dumps.sealed(text: text)
    #expect(throws: DumpFormatError.self) { try Dumps.read(bytes) }
  }

  @Test("are refused when they are nested deeper than any document")
  func depth() throws {
    let deep = { (depth: Int) in
      #"{"version":1,"created_at":"t","data":{"a":["# + String(repeating: #"{"k":"#, count: depth) + "1"
        + String(repeating: "}", count: depth) + "]}}"
    }
    #expect(try Dumps.read(Dumps.sealed(text: deep(512))).summary.records == 1)
    #expect(throws: DumpFormatError.self) { try Dumps.read(Dumps.sealed(text: deep(513))) }
    #expect(throws: DumpFormatError.self) { try Dumps.read(Dumps.sealed(text: deep(200_000))) }
  }

  @Test("are told from other files")
  func otherFiles() {
    #expect { try Dumps.read(Array("PK\u{3}\u{4} and so on".utf8)) } throws: {
      ($0 as? DumpFormatError)?.code == .notADump
    }
    for magic in ["DMP0", "DMPA", "DMP:", "dmp2"] {
      #expect { try Dumps.read(Array("\(magic) and so on".utf8)) } throws: {
        ($0 as? DumpFormatError)?.code == .notADump
      }
    }
    for magic in ["DMP3", "DMP9"] {
      #expect { try Dumps.read(Array("\(magic) and so on".utf8)) } throws: {
        ($0 as? DumpFormatError)?.code == .unsupportedLayout
      }
    }
    #expect { try Dumps.read(Array("DMP1short".utf8)) } throws: { ($0 as? DumpFormatError)?.code == .truncated }
  }
}

@Suite("Reading a dump as a stream")
struct StreamTests {
  @Test("takes whitespace and any order of the envelope's members")
  func tolerance() throws {
    let text =
      #" { "data" : { "a" : [ {"x": [1, "}"]} , {"y":"\"]"} ] , "b" : [ ] } , "note":{"n":[1]}, "created_at" : "t" , "version" : 1 } "#
    let (contents, summary) = try Dumps.read(Dumps.sealed(text: text))
    #expect(contents == Contents(groups: ["a", "b"], records: ["a": [#"{"x": [1, "}"]}"#, #"{"y":"\"]"}"#]]))
    #expect(summary.createdAt == "t")
  }

  @Test("gives the same whatever falls on the border of two blocks", arguments: 0..<70)
  func borders(padding: Int) throws {
    // A filler moves every byte of what follows across the border of the first block.
    let filler = #"{"f":""# + String(repeating: "x", count: (1 << 10) - 170 + padding) + #""}"#
    let record = #"{"q":"a\"b\\","n":[{"d":{}}],"é":"😀"}"#
    let (bytes, written) = try Dumps.sealed([("fill", [filler]), ("na\"me", [record, "{}", record])])
    let (contents, summary) = try Dumps.read(bytes, blockSize: 1 << 10)
    #expect(contents.records["fill"] == [filler])
    #expect(contents.records["na\"me"] == [record, "{}", record])
    #expect(summary == written)
  }

  @Test("counts an empty dump")
  func empty() throws {
    let (bytes, _) = try Dumps.sealed([])
    let (contents, summary) = try Dumps.read(bytes)
    #expect(contents == Contents())
    #expect(summary.records == 0)
  }
}
