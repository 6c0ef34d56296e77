import Testing

@testable import DumpFormat

@Suite("What an envelope may hold")
struct LimitTests {
  private func code(_ member: String) throws -> DumpFormatError.Code? {
    let bytes = try Dumps.sealed(text: "{" + member + #","version":1,"created_at":"t","data":{}}"#)
    do { _ = try Dumps.read(bytes) } catch { return (error as? DumpFormatError)?.code }
    return nil
  }

  private func text(_ count: Int) -> String { "\"" + String(repeating: "x", count: count - 2) + "\"" }

  @Test("is names of up to 1024 bytes as they are spelled")
  func names() throws {
    #expect(try code(text(1024) + ":1") == nil)
    #expect(try code(text(1025) + ":1") == .malformedContent)
    #expect(try code(text(5000) + ":1") == .malformedContent)
    let group = { try Dumps.sealed([(String(repeating: "x", count: $0), ["{}"])]) }
    let (bytes, written) = try group(1022)
    #expect(try Dumps.read(bytes).summary == written)
    #expect { try group(1023) } throws: { ($0 as? DumpFormatError)?.code == .wrongOrder }
    let long = #"{"version":1,"created_at":"t","data":{\#(text(1025)):[]}}"#
    #expect { try Dumps.read(Dumps.sealed(text: long)) } throws: {
      ($0 as? DumpFormatError)?.code == .malformedContent
    }
  }

  @Test("is numbers, words and times of up to 1024 bytes")
  func scalars() throws {
    #expect(try code("\"n\":" + String(repeating: "1", count: 1024)) == nil)
    #expect(try code("\"n\":" + String(repeating: "1", count: 1025)) == .malformedContent)
    #expect(try code("\"created_at\":" + text(1024)) == nil)
    #expect(try code("\"created_at\":" + text(1025)) == .malformedContent)
  }

  @Test("is anything else of any length, of which a note of up to 1024 bytes is looked at")
  func others() throws {
    #expect(try code("\"x\":[" + text(5000) + "]") == nil)
    let order = try #require(DumpOrder(epoch: 3, sequence: 17))
    let end = order.note(behind: "")
    for count in [1022, 1023, 1024, 3000] {
      let note = String(repeating: "x", count: count - end.utf8.count) + end
      let text = #"{"version":1,"created_at":"t","note":"\#(note)","data":{}}"#
      let (_, summary) = try Dumps.read(Dumps.sealed(text: text))
      #expect(summary.order == (count == 1022 ? order : nil))
    }
  }

  @Test("is as many collections as a writer writes")
  func groups() throws {
    let groups = (0...GroupCounter.maximum).map { ("group\($0)", [String]()) }
    let (bytes, written) = try Dumps.sealed(Array(groups.dropLast()))
    #expect(try Dumps.inspect(bytes, nil) == written)
    #expect { try Dumps.sealed(groups) } throws: { ($0 as? DumpFormatError)?.code == .wrongOrder }
    let list = groups.map { "\"\($0.0)\":[]" }.joined(separator: ",")
    let hostile = try Dumps.sealed(text: #"{"version":1,"created_at":"t","data":{\#(list)}}"#)
    #expect { try Dumps.inspect(hostile, nil) } throws: { ($0 as? DumpFormatError)?.code == .malformedContent }
  }
}
