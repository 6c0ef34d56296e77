import Foundation
import Testing

@Suite("The graph of the allowed imports")
struct ArrowGraphTests {
  @Test("shows what the lines of the drawing allow, and nothing else")
  func current() throws {
    let page = try Repository.text("docs/develop/architecture.md")
    let graph = ArrowGraph.arrows(inPage: page)
    #expect(graph.count >= 10)
    #expect(ArrowGraph.faults(graph: graph, drawn: ArrowCheck.arrows(inDrawing: page)) == [])
  }

  @Test("may leave out an arrow that others imply, and lacks or adds no other")
  func seeded() {
    let drawn: Arrows = ["A": ["B", "C"], "B": ["C"]]
    let graph = { (lines: String) in ArrowGraph.arrows(inPage: "x\n```mermaid\nflowchart TD\n\(lines)```\n  C --> A\n")
    }
    #expect(ArrowGraph.faults(graph: graph("  A --> B\n  B --> C\n"), drawn: drawn) == [])
    #expect(
      ArrowGraph.faults(graph: graph("  A --> B\n"), drawn: drawn)
        == ["the graph does not lead from A to C", "the graph does not lead from B to C"])
    #expect(
      ArrowGraph.faults(
        graph: graph("  A --> B\n  B --> C\n  C --> D\n"), drawn: ["A": ["B", "C", "D"], "B": ["C", "D"]])
        == ["the graph leads from C to D, and no line allows it"])
  }
}
