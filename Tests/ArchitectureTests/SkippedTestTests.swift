import Foundation
import TestSupport
import Testing

@Suite("A test that can't run on a machine")
struct SkippedTestTests {
  @Test("says why, and fails only where GATEHOUSE_STRICT is 1", arguments: ["", "0", "1"])
  func strict(value: String) throws {
    let output = Pipe()
    var isFailure = false
    do {
      try skip("there is no FUSE", environment: ["GATEHOUSE_STRICT": value], to: output.fileHandleForWriting)
    } catch is SkippedTest {
      isFailure = true
    }
    try output.fileHandleForWriting.close()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    #expect(text == "skipped: there is no FUSE\n")
    #expect(isFailure == (value == "1"))
  }

  @Test("says so by `skip`, and prints nothing like it by itself")
  func onlyBySkip() throws {
    // The torture test is a program, which plays its rounds with what the machine has.
    let files = Repository.files(below: "Tests", suffix: ".swift").filter { !$0.hasPrefix("Tests/Torture/") }
    for file in files {
      #expect(try !Repository.text(file).contains(/print\("(skipped|not here)/), "\(file)")
    }
  }
}
