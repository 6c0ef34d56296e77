import Testing

/// Compares the faults that are put in on purpose with docs/develop/reliability.md, which lists them with what finds
/// them.
@Suite("The page on reliability")
struct FaultTableTests {
  private static let page = "docs/develop/reliability.md"

  /// The cases of an enum in a source.
  private static func cases(of name: String, in source: String) -> [String] {
    let lines = source.split(separator: "\n")
    guard let first = lines.firstIndex(where: { $0.contains("enum \(name):") }) else { return [] }
    let end = String(lines[first].prefix { $0 == " " }) + "}"
    let body = lines[(first + 1)...].prefix { String($0) != end }
    return body.flatMap { line -> [String] in
      guard let match = line.wholeMatch(of: #/ +case ([\w, ]+)/#) else { return [] }
      return match.output.1.matches(of: /\w+/).map { String($0.output) }
    }
  }

  /// The constants of a type that are made by its initializer. Faults that a real volume can have are in lists.
  private static func constants(of type: String, in source: String) -> [String] {
    source.matches(of: /static let (\w+) = (\w+)\(/).filter { $0.output.2 == type }.map { String($0.output.1) }
  }

  /// The names in parentheses at the ends of first cells.
  private static func parenthesized(in page: String) -> [String] {
    page.matches(of: /(?m)^\| [^|\n]*\(`([a-z]\w*)`\) \|/).map { String($0.output.1) }
  }

  /// The names that are first cells.
  private static func firstCells(in page: String) -> [String] {
    page.matches(of: /(?m)^\| `([a-z]\w*)` \|/).map { String($0.output.1) }
  }

  @Test("names each fault of the crashes, the simulation, the sweep and the rounds, and no other")
  func faults() throws {
    let faults =
      try Self.cases(of: "Sabotage", in: Repository.text("Tests/Crash/RecordedVolume.swift"))
      + Self.cases(of: "Fault", in: Repository.text("Tests/Crash/FencingSimulation.swift"))
      + Self.constants(of: "Fault", in: Repository.text("Tests/Crash/FaultSweep.swift"))
      + Self.cases(of: "PlantedFault", in: Repository.text("Tests/Torture/Program/PlantedFault.swift"))
    let named = try Self.parenthesized(in: Repository.text(Self.page))
    // A name that several of them have is there as often.
    #expect(named.sorted() == faults.sorted())
  }

  @Test("names each fault of the histories, simulated or of real tasks")
  func faultsOfHistories() throws {
    let named = try Self.firstCells(in: Repository.text(Self.page))
    let simulated = try Self.cases(of: "Fault", in: Repository.text("Tests/Torture/Model/Calls/CallSimulation.swift"))
    let real = try Self.cases(
      of: "RecordedFault", in: Repository.text("Tests/Torture/Program/Histories/RecordedFault.swift"))
    #expect(!simulated.isEmpty && !real.isEmpty)
    #expect(named.sorted() == simulated.sorted())
    #expect(Set(real).isSubset(of: Set(named)))
  }

  @Test("is compared by something that finds the cases of an enum, and the names of rows")
  func readers() {
    let source = """
      struct Volume {
        enum Fault: String {
          /// A case that is lost.
          case lost
          case late, torn
        }
        enum Other: String { case none }
        static let silent = Fault("writes", lasts: true)
        static let all: [Fault] = [silent]
      }
      """
    #expect(Self.cases(of: "Fault", in: source) == ["lost", "late", "torn"])
    #expect(Self.cases(of: "Missing", in: source) == [])
    #expect(Self.constants(of: "Fault", in: source) == ["silent"])
    let page = """
      | Fault | Found by |
      |---|---|
      | a write is lost (`lost`) | `seen` |
      | a write is late (`SKEW_LATE`) | a clock (`late`) |
      | `torn` | 2 |
      """
    #expect(Self.parenthesized(in: page) == ["lost"])
    #expect(Self.firstCells(in: page) == ["torn"])
  }
}
