import Foundation
import Testing

@Suite("The table of bounded resources")
struct BoundTests {
  /// The cells of each row.
  private func rows() throws -> [[String]] {
    let page = try Repository.text("docs/reference/limits.md")
    return try ["Bounded resources", "Bounds of calls"].flatMap { heading in
      let section = try #require(page.components(separatedBy: "\n## ").first { $0.hasPrefix("\(heading)\n") })
      return section.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst().map { line in
        line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      }
    }
  }

  @Test("has a bound, a consequence and a test that exists in each row")
  func tests() throws {
    let rows = try rows()
    #expect(rows.count >= 25)
    let sources = try Repository.files(below: "Tests", suffix: ".swift").map { try Repository.text($0) }
    for row in rows {
      try #require(row.count == 4, "\(row)")
      #expect(row.allSatisfy { !$0.isEmpty }, "\(row)")
      let names = row[3].matches(of: /`([A-Za-z]+)\.([A-Za-z]+)`/)
      #expect(!names.isEmpty, "\(row)")
      for name in names {
        let isThere = sources.contains { source in
          source.contains("struct \(name.output.1) {") && source.contains("func \(name.output.2)(")
        }
        #expect(isThere, "\(name.output.0) of \(row[0])")
      }
    }
  }

  @Test("names settings that the page of settings has")
  func settings() throws {
    let page = try Repository.text("docs/reference/configuration.md")
    for row in try rows() {
      for name in row[1].matches(of: /`([A-Z_]{4,})`/) where !page.contains("`\(name.output.1)`") {
        Issue.record("configuration.md lacks \(name.output.1), which limits.md names: \(row)")
      }
    }
  }
}
