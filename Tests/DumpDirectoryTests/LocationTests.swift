import Foundation
import TestSupport
import Testing

@testable import DumpDirectory

@Suite("The location of dumps")
struct LocationTests {
  @Test("is parsed from MEM_DUMP_PATH: a file's stem, a name with a slash, a directory")
  func reading() async throws {
    try await withTemporaryDirectory { (directory: URL) async throws in
      let root = directory.path()
      let location = { (path: String) throws in try DumpLocation(path: path, workingDirectory: root) }
      #expect(
        try location("generated/memory_dump.bin") == DumpLocation(directory: "\(root)/generated", stem: "memory_dump"))
      #expect(try location("generated/state") == DumpLocation(directory: "\(root)/generated", stem: "state"))
      #expect(try location("new/") == DumpLocation(directory: "\(root)/new", stem: "memory_dump"))
      #expect(try location(root) == DumpLocation(directory: root, stem: "memory_dump"))
      #expect(try location("/abs/./x/../y/d.bin") == DumpLocation(directory: "/abs/y", stem: "d"))
      for path in [
        "", "a\u{0}b", "x/.hidden.bin", String(repeating: "a", count: 181), String(repeating: "a", count: 5000),
      ] {
        #expect(throws: DumpDirectoryError.self) { try location(path) }
      }
    }
  }

  @Test("confines requested paths to the directory, with links resolved")
  func confinement() async throws {
    try await withTemporaryDirectory { root in
      let generated = root.appending(path: "generated")
      let outside = root.appending(path: "generated-not")
      for directory in [generated, outside] {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
      }
      try FileManager.default.createSymbolicLink(at: generated.appending(path: "link"), withDestinationURL: outside)
      let location = try DumpLocation(path: "generated/memory_dump.bin", workingDirectory: root.path())
      let confined = { (path: String) throws in try location.confined(path, workingDirectory: root.path()) }
      #expect(try confined("other.bin") == DumpLocation(directory: generated.path(), stem: "other"))
      #expect(try confined("generated/other.bin") == DumpLocation(directory: generated.path(), stem: "other"))
      #expect(
        try confined("\(generated.path())/sub/x.bin") == DumpLocation(directory: "\(generated.path())/sub", stem: "x"))
      #expect(try confined(generated.path()) == DumpLocation(directory: generated.path(), stem: "memory_dump"))
      #expect(try confined("sub/") == DumpLocation(directory: "\(generated.path())/sub", stem: "memory_dump"))
      let escapes = [
        "../x.bin", "generated/../../x.bin", "/etc/x.bin", "/tmp/", "\(outside.path())/x.bin", "link/x.bin", "link/",
        "link/../../x.bin", "../\u{301}x.bin", "\(generated.path())/../\u{301}x.bin", "sub/../../\u{301}x/y.bin",
        "\(generated.path())/../x.bin", "\(String(repeating: "d", count: 256))/x.bin", "", "a\u{0}.bin", "..", "/",
      ]
      for path in escapes {
        #expect { try confined(path) } throws: { ($0 as? DumpDirectoryError)?.code == .outside }
        #expect(throws: DumpDirectoryError.self) { try location.confinedFile(path, workingDirectory: root.path()) }
      }
      #expect(
        try location.confinedFile("generated/d.bin", workingDirectory: root.path()) == "\(generated.path())/d.bin")
      #expect(try location.confinedFile("d.bin", workingDirectory: root.path()) == "\(generated.path())/d.bin")
    }
  }
  @Test("differs from one whose name has another Unicode spelling")
  func spellings() async throws {
    try await withTemporaryDirectory { root in
      let (composed, decomposed) = (root.path() + "/\u{E9}", root.path() + "/e\u{301}")
      #expect(composed == decomposed, "to Swift they are the same")
      for path in [composed, decomposed] {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      }
      let location = try DumpLocation(path: composed + "/d.bin", workingDirectory: "/")
      #expect(throws: DumpDirectoryError.self) { try location.confined(decomposed + "/d.bin", workingDirectory: "/") }
      #expect(throws: DumpDirectoryError.self) {
        try location.confinedFile(decomposed + "/d.bin", workingDirectory: "/")
      }
      let stems = ["\u{E9}", "e\u{301}"].map { DumpLocation(directory: root.path(), stem: $0) }
      #expect(stems[0] != stems[1])
      #expect(stems[0].owns("\u{E9}-20261123T201137Z.bin") && !stems[0].owns("e\u{301}-20261123T201137Z.bin"))
      #expect(stems[1].owns("e\u{301}-20261123T201137Z.bin") && !stems[1].owns("\u{E9}-20261123T201137Z.bin"))
    }
  }
}
