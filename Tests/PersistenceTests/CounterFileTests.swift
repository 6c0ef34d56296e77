import DumpDirectory
import DumpFormat
import Foundation
import TestSupport
import Testing

@testable import Persistence

@Suite("The file of counters")
struct CounterFileTests {
  private func withFile(
    _ body: (_ root: URL, _ directory: DumpDirectory, _ file: CounterFile) throws -> Void
  ) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let directory = DumpDirectory(
        try DumpLocation(path: root.appending(path: "state.bin").path(), workingDirectory: "/"))
      try directory.prepare()
      let keys = CurrentKeyring(DumpKeyring(sealing: DumpKey("0123456789abcdef0123456789abcdef")))
      try body(root, directory, CounterFile(directory, keys: keys))
    }
  }

  @Test("has the content that was written last, under the stem of the dumps, readable by nobody else")
  func content() async throws {
    try await withFile { root, _, file in
      #expect(try file.read() == nil)
      try file.write(Array("of Jürgen".utf8))
      try file.write([7])
      #expect(try file.read() == [7])
      #expect(try FileManager.default.contentsOfDirectory(atPath: root.path()) == ["state.counters"])
      let bytes = try Data(contentsOf: root.appending(path: "state.counters"))
      #expect(bytes.prefix(4) == Data("CNT1".utf8))
      let attributes = try FileManager.default.attributesOfItem(atPath: root.appending(path: "state.counters").path())
      #expect(attributes[.posixPermissions] as? Int == 0o600)
    }
  }

  @Test("is an error, and stays, when it is damaged, a link or under another key")
  func unreadable() async throws {
    try await withFile { root, directory, file in
      let path = root.appending(path: "state.counters")
      try file.write([7])
      let other = CounterFile(
        directory, keys: CurrentKeyring(DumpKeyring(sealing: DumpKey("another key of thirty-two letters"))))
      #expect(throws: DumpFormatError.self) { try other.read() }
      try Data("garbage".utf8).write(to: path)
      #expect(throws: DumpFormatError.self) { try file.read() }
      #expect(try Data(contentsOf: path) == Data("garbage".utf8))
      try FileManager.default.removeItem(at: path)
      try FileManager.default.createSymbolicLink(at: path, withDestinationURL: root.appending(path: "elsewhere"))
      #expect(throws: DumpDirectoryError.self) { try file.read() }
    }
  }

  @Test("leaves nothing when a process dies while it writes, since the next start removes it")
  func leftover() async throws {
    try await withFile { root, directory, _ in
      let name = ".state.counters.0-1-0.tmp"
      try Data("half".utf8).write(to: root.appending(path: name))
      let old = Date(timeIntervalSinceNow: -7 * 3600)
      try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: root.appending(path: name).path())
      #expect(try directory.prepare() == [name])
      let foreign = ".other.counters.0-1-0.tmp"
      try Data("half".utf8).write(to: root.appending(path: foreign))
      try FileManager.default.setAttributes(
        [.modificationDate: old], ofItemAtPath: root.appending(path: foreign).path())
      #expect(try directory.prepare() == [])
    }
  }
}
