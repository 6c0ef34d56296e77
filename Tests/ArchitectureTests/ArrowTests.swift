import Testing

@Suite("The architecture")
struct ArrowTests {
  @Test("has exactly the arrows of its drawing, in the manifest and in the imports")
  func arrows() throws {
    let check = ArrowCheck(
      drawn: ArrowCheck.arrows(inDrawing: try Repository.text("docs/develop/architecture.md")),
      declared: try Repository.declaredArrows(), imported: try Repository.importedArrows())
    #expect(check.declared.count >= 10)
    #expect(check.violations == [])
  }

  @Test(
    "is checked by something that finds a violation of each kind",
    arguments: [
      (
        ArrowCheck(drawn: [:], declared: ["A": ["B"], "B": []], imported: ["A": ["B"]]),
        "A -> B is in the manifest, but not drawn"
      ),
      (
        ArrowCheck(drawn: ["A": ["B"]], declared: ["A": [], "B": []], imported: [:]),
        "A -> B is drawn, but not in the manifest"
      ),
      (
        ArrowCheck(drawn: [:], declared: ["A": [], "B": []], imported: ["A": ["B"]]), "A imports B without declaring it"
      ),
      (
        ArrowCheck(drawn: [:], declared: ["A": []], imported: ["A": ["NIOCore"]]),
        "A imports NIOCore without declaring it"
      ),
      (
        ArrowCheck(drawn: [:], declared: ["A": ["Logging"]], imported: ["A": []]),
        "A declares Logging and imports it nowhere"
      ),
      (ArrowCheck(drawn: ["C": []], declared: ["A": []], imported: [:]), "C is drawn, but there is no such target"),
    ])
  func seededViolations(check: ArrowCheck, violation: String) {
    #expect(check.violations == [violation])
  }

  @Test("is satisfied by sources that keep to it")
  func satisfied() {
    let check = ArrowCheck(
      drawn: ["A": ["B"]], declared: ["A": ["B", "Logging"], "B": []],
      imported: ["A": ["B", "Logging", "FoundationEssentials"], "B": ["Glibc"]])
    #expect(check.violations == [])
  }

  @Test("finds imports whatever stands before them")
  func imports() {
    let source = """
      // import Nothing
      @testable import One
      package import Two
      import struct Three.Part
      internal import func Four.call
      let text = "import Five"
      """
    #expect(ArrowCheck.imports(inSource: source) == ["One", "Two", "Three", "Four"])
  }
}
