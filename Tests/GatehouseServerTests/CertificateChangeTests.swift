import Foundation
import Settings
import TestSupport
import Testing

@testable import GatehouseServer

@Suite("Changes of the certificate's files")
struct CertificateChangeTests {
  @Test("show in the stamp of a file: a new size, another file of the same size, and none")
  func stamps() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let file = root.appending(path: "a").path()
      #expect(FileStamp(of: file) == nil)
      try Data("one".utf8).write(to: URL(filePath: file))
      let first = FileStamp(of: file)
      #expect(first != nil && FileStamp(of: file) == first)
      try Data("four".utf8).write(to: URL(filePath: file))
      let second = FileStamp(of: file)
      #expect(second != first)
      try Data("five".utf8).write(to: root.appending(path: "b"))
      #expect(rename(root.appending(path: "b").path(), file) == 0)
      #expect(FileStamp(of: file) != second)
    }
  }

  @Test("are read once, and a fault is reported when the next look finds it again, and once")
  func looks() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let stamps = try ["a", "b", "c"].map { name in
        let file = root.appending(path: name)
        try Data(name.utf8).write(to: file)
        return [FileStamp(of: file.path()), nil]
      }
      var changes = CertificateChanges(stamps[0])
      #expect(!changes.isDue(stamps[0]) && changes.isDue(stamps[1]))
      changes.succeed(stamps[1])
      #expect(!changes.isDue(stamps[1]))
      let first = changes.fail(stamps[2])
      #expect(!first && changes.isDue(stamps[2]))
      let second = changes.fail(stamps[2])
      #expect(second && !changes.isDue(stamps[2]))
      // Another change begins anew.
      let other = changes.fail(stamps[0])
      #expect(!other && changes.isDue(stamps[0]))
      changes.succeed(stamps[0])
      #expect(!changes.isDue(stamps[0]))
    }
  }
}
