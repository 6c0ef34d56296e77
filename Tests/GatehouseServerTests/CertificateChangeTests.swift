import Foundation
import Settings
import TestSupport
import Testing

@testable import GatehouseServer

@Suite("Changes of the certificate's files")
struct CertificateChangeTests {
  @Test("show in the stamp of a file: a new size, another file of the same size, other permissions, and none")
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
      let third = FileStamp(of: file)
      #expect(third != second)
      // The clock of the file system may stand still for a few milliseconds.
      let isSeen: Bool? = eventually { chmod(file, 0o640) == 0 && FileStamp(of: file) != third ? true : nil }
      #expect(isSeen == true)
    }
  }

  @Test("are read once, and again at each look after a fault, which is reported when the next look finds it, and once")
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
      #expect(second && changes.isDue(stamps[2]))
      let third = changes.fail(stamps[2])
      #expect(!third && changes.isDue(stamps[2]))
      // Another change begins anew.
      let other = changes.fail(stamps[0])
      #expect(!other && changes.isDue(stamps[0]))
      changes.succeed(stamps[0])
      #expect(!changes.isDue(stamps[0]))
    }
  }
}
