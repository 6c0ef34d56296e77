import Foundation
import Testing

/// Holds the language and form of the pages. `PAGE=docs/operate/alarms.md` in the environment checks that page alone:
/// `PAGE=docs/operate/alarms.md swift test --skip-build --filter DocumentationStyleTests`.
@Suite("The documentation's style")
struct DocumentationStyleTests {
  private static var pages: [String] {
    if let page = ProcessInfo.processInfo.environment["PAGE"] { return [page] }
    return ["README.md", "CONTRIBUTING.md", "SECURITY.md"] + Repository.files(below: "docs", suffix: ".md")
  }

  /// The anchors of a file beside a page; none for what is no page.
  private static func anchors(of path: String, beside page: String) -> Set<String>? {
    let target = Repository.root.appending(path: page).deletingLastPathComponent().appending(path: path)
    guard FileManager.default.fileExists(atPath: target.path()) else { return nil }
    guard path.hasSuffix(".md"), let text = try? String(contentsOf: target, encoding: .utf8) else { return [] }
    return MarkdownPage(text).anchors
  }

  @Test("is kept by every page", arguments: pages)
  func kept(page: String) throws {
    let faults = try DocumentationStyle.faults(in: MarkdownPage(try Repository.text(page))) {
      Self.anchors(of: $0, beside: page)
    }
    for fault in faults { Issue.record("\(page):\(fault)") }
  }

  @Test("keeps the README to 80 lines")
  func readme() throws {
    guard Self.pages.contains("README.md") else { return }
    #expect(try Repository.text("README.md").split(separator: "\n", omittingEmptySubsequences: false).count <= 81)
  }

  private func faults(_ text: String) throws -> [String] {
    try DocumentationStyle.faults(in: MarkdownPage(text)) { $0 == "other.md" ? ["there"] : nil }
  }

  private static let words = (1...24).map { "w\($0)" }.joined(separator: " ")

  @Test(
    "is checked by something that finds a violation of each kind",
    arguments: [
      ("A \(words)\nmore.", "1: 26 words"),
      ("- A list.\n- A \(words) and `some code` (twice).", "2: 28 words"),
      ("One; two; three.", "1: chained semicolons"),
      ("All is said. Who asks, waits.", "1: begin with the subject"),
      ("# What to do", "1: begin with the subject"),
      ("> Does it fail, do nothing.", "1: begin with the subject"),
      ("Defaults are the peer's.", "1: 'peer'"),
      ("Start the service.", "1: 'the service'"),
      ("Put it in the\ndirectory of dumps.", "1: 'directory of dumps'"),
      ("## Sealed dumps", "1: 'Sealed'"),
      ("| a |\n|---|\n| that does not open |", "3: 'does not open'"),
      ("The lease can't be looked after.", "1: 'looked after'"),
      ("A call ends. Calls to the platform end.", "1: 'Calls to the platform'"),
      ("## In short", "1: a heading that says nothing"),
      ("| a | \(words) |", "1: a cell of "),
      ("`\(String(repeating: "x", count: 120))`", "1: 122 columns"),
      ("```sh\nx=1\ncurl -d \"…\"\n```", "3: can't be pasted"),
      ("[it](gone.md)", "1: no such file"),
      ("| [it](other.md#gone) |", "1: no such heading"),
      ("# A\n\n[it](#b)", "3: no such heading"),
    ])
  func seededViolations(text: String, fault: String) throws {
    let found = try faults(text)
    #expect(found.count == 1 && found[0].hasPrefix(fault), "\(found)")
  }

  @Test("is kept by text that keeps to it")
  func satisfied() throws {
    let text = """
      # The dumps, `list`

      A \(Self.words).
      Another sentence, e.g. this one; it has 25 words at most
      in [a link](other.md#there), [here](#the-dumps-list) and [outside](https://example.org/#x).
      See `the service` and ECS services. A system call is a call.

      | variable | meaning |
      |---|---|
      | `A\\|B` | [a cell](other.md) |

      ```text
      Who … the service … \(String(repeating: "x", count: 120))
      ```

      ## What can I lose?
      ## A
      ## A

      [The second](#a-1)
      """
    #expect(try faults(text) == [])
  }

  @Test("counts a piece of code as a word, and cuts sentences where the next begins")
  func sentences() {
    #expect(
      DocumentationStyle.sentences(of: "It costs 1.5 MB. `a b` ends (at 3 a.m. or so). **Then** stop: no")
        == ["It costs 1.5 MB.", "⟨code⟩ ends (at 3 a.m. or so).", "Then stop: no"])
  }
}
