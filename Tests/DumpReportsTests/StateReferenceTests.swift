import DumpReports
import Testing

@Suite("A reference to a state")
struct StateReferenceTests {
  @Test("is a dump, a moment, or a moment behind a dump")
  func forms() {
    let time = "2026-11-29T14:03:00.5Z"
    #expect(StateReference("a.bin") == StateReference(dump: "a.bin", moment: nil))
    #expect(StateReference("@\(time)") == StateReference(dump: nil, moment: .time(time)))
    #expect(StateReference("g/a.bin@\(time)") == StateReference(dump: "g/a.bin", moment: .time(time)))
    #expect(StateReference("@3-17.204") == StateReference(dump: nil, moment: .sequence("3-17.204")))
    #expect(StateReference("é@x@3-17") == StateReference(dump: "é@x", moment: .sequence("3-17")))
    let offset = "2026-11-29T15:03:00+01:00"
    #expect(StateReference("@\(offset)") == StateReference(dump: nil, moment: .time(offset)))
  }

  @Test(
    "is a file where what follows the @ is no moment", arguments: ["a@b.bin", "a@", "@", "@now", "2026@v1/a.bin", ""])
  func files(text: String) {
    #expect(StateReference(text) == StateReference(dump: text, moment: nil))
  }
}
