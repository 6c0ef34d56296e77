import Foundation

/// The graph of the allowed imports in the architecture's page, which leaves out what another arrow implies.
enum ArrowGraph {
  /// Reads the arrows `A --> B` of the first Mermaid flowchart.
  static func arrows(inPage text: String) -> Arrows {
    var arrows: Arrows = [:]
    for line in text.components(separatedBy: "```mermaid\nflowchart").dropFirst().first?.split(separator: "\n") ?? [] {
      if line.hasPrefix("```") { break }
      if let arrow = line.wholeMatch(of: /\ +([\w-]+) --> ([\w-]+)/) {
        arrows[String(arrow.output.1), default: []].insert(String(arrow.output.2))
      }
    }
    return arrows
  }

  /// Everything that each module reaches.
  static func reach(_ arrows: Arrows) -> Arrows {
    var reached: Arrows = [:]
    for module in arrows.keys {
      var (found, rest) = (Set<String>(), Array(arrows[module] ?? []))
      while let next = rest.popLast() {
        if found.insert(next).inserted { rest += arrows[next] ?? [] }
      }
      reached[module] = found
    }
    return reached
  }

  /// The differences between the graph and the lines of the drawing.
  static func faults(graph: Arrows, drawn: Arrows) -> [String] {
    let (shown, allowed) = (reach(graph), reach(drawn))
    var faults: [String] = []
    for module in Set(shown.keys).union(allowed.keys) {
      let (one, other) = (shown[module] ?? [], allowed[module] ?? [])
      faults += other.subtracting(one).map { "the graph does not lead from \(module) to \($0)" }
      faults += one.subtracting(other).map { "the graph leads from \(module) to \($0), and no line allows it" }
    }
    return faults.sorted()
  }
}
