import JSON
import Testing

@testable import Sidecar

@Suite("DumpAnswer")
struct DumpAnswerTests {
  @Test("is read in the plain and in the strict envelope, ours and Doorman's")
  func envelopes() throws {
    let ours = try #require(
      DumpAnswer(
        Array(
          #"{"response":{"path":"/g/a.bin","sha256":"ab","bytes":3,"documents":2,"collections":{"users":2},"created_at":"t"}}"#
            .utf8)))
    #expect(ours.name == "a.bin")
    #expect(ours.documents == 2)
    #expect(ours.collections == [UTF8Key("users"): 2])
    let alike = #"{"path":"/g/c.bin","collections":{"caf\u00e9":1,"cafe\u0301":2}}"#
    #expect(DumpAnswer(Array(alike.utf8))?.collections == [UTF8Key("caf\u{E9}"): 1, UTF8Key("cafe\u{301}"): 2])
    let strict = DumpAnswer(Array(#"{"status_code":200,"response":{"path":"/g/b.bin"}}"#.utf8))
    #expect(strict?.path == "/g/b.bin")
    #expect(strict?.sha256 == nil)
    for text in ["", "[]", "{}", #"{"response":{}}"#, #"{"response":{"path":""}}"#, #"{"response":{"path":1}}"#] {
      #expect(DumpAnswer(Array(text.utf8)) == nil)
    }
  }
}
