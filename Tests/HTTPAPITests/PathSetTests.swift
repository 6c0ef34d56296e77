import HTTPAPI
import Testing

@Suite("A set of paths")
struct PathSetTests {
  @Test("has the paths that it lists, and those with a beginning that it lists")
  func membership() {
    let paths: PathSet = ["/a", "/b/*", "/caf\u{E9}"]
    let members = ["/a", "/b/", "/b/c/d", "/caf\u{E9}", "/a/", "/b", "/A", "", "/cafe\u{301}"].map(paths.contains)
    #expect(members == [true, true, true, true, false, false, false, false, false])
    #expect(PathSet(["*"]).contains("/any"))
    #expect(PathSet([]).isEmpty && !PathSet([]).contains("") && !paths.isEmpty)
  }
}
