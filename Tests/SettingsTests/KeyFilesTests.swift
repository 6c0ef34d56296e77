import Foundation
import TestSupport
import Testing

@testable import Settings

@Suite("The files of the encryption keys")
struct KeyFilesTests {
  private static let old = "a key of the tests"
  private static let new = "another key of the tests"

  private func settings(_ variables: [String: String], isProduction: Bool = false) throws -> DumpSettings {
    var reader = EnvironmentReader(variables, readFile: SecretFile.text(of:))
    return try #require(DumpSettings(&reader, isProduction: isProduction), "\(reader.faults)")
  }

  private func write(_ text: String, to file: URL) throws { try Data(text.utf8).write(to: file) }

  @Test("are read again, and a key that came from its variable stays")
  func read() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let (key, older) = (root.appending(path: "key"), root.appending(path: "older"))
      try write(Self.old + "\n", to: key)
      try write("", to: older)
      let settings = try settings([
        "MEM_ENCRYPTION_KEY_FILE": key.path(), "MEM_ENCRYPTION_KEYS_OLD_FILE": older.path(),
      ])
      #expect(settings.encryptionKey.reveal() == Self.old && settings.olderKeys.isEmpty)
      let files = settings.keyFiles
      #expect(!files.isEmpty && files.stamps == files.firstStamps)
      try write("\(Self.old),a third key of them", to: older)
      try write(Self.new, to: key)
      #expect(files.stamps != files.firstStamps)
      let keys = try files.read()
      #expect(keys.encryptionKey.reveal() == Self.new && keys.stamps == files.stamps)
      #expect(keys.olderKeys.map { $0.reveal() } == [Self.old, "a third key of them"])
      let mixed = try self.settings(["MEM_ENCRYPTION_KEY": Self.old, "MEM_ENCRYPTION_KEYS_OLD_FILE": older.path()])
      #expect(try mixed.keyFiles.read().encryptionKey.reveal() == Self.old && mixed.keyFiles.stamps.count == 1)
      #expect(try self.settings(["MEM_ENCRYPTION_KEY": Self.old]).keyFiles.isEmpty)
    }
  }

  @Test("are refused where a key is missing, empty, too short or more than one line, as at a start")
  func refusals() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let (key, older) = (root.appending(path: "key"), root.appending(path: "older"))
      let long = String(repeating: "k", count: 32)
      try write(long, to: key)
      try write(long, to: older)
      let files = try settings(
        ["MEM_ENCRYPTION_KEY_FILE": key.path(), "MEM_ENCRYPTION_KEYS_OLD_FILE": older.path()], isProduction: true
      ).keyFiles
      for (file, text, words) in [
        (key, "", "is empty"), (key, "short", "at least 32"), (key, String(repeating: "k", count: 31), "at least 32"),
        (older, "short", "less than 8"), (older, "a key on a line\nanother key", "several lines"),
      ] {
        try write(text, to: file)
        #expect { try files.read() } throws: { "\($0)".contains(words) }
        try write(long, to: file)
        _ = try files.read()
      }
      try FileManager.default.removeItem(at: key)
      #expect { try files.read() } throws: { "\($0)".contains("No such file") }
    }
  }

  @Test("show no key")
  func secrecy() throws {
    let files = try settings(["MEM_ENCRYPTION_KEY": Self.old, "MEM_ENCRYPTION_KEYS_OLD": Self.new]).keyFiles
    var text = "\(files)"
    dump(files, to: &text)
    #expect(!text.contains(Self.old) && !text.contains(Self.new))
  }

  @Test("are due when they changed and then stayed the same, so that no part of a key is taken")
  func changes() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let file = root.appending(path: "key")
      func stamps(_ text: String) throws -> [FileStamp?] {
        try write(text, to: file)
        return [FileStamp(of: file.path())]
      }
      let first = try stamps("a")
      var changes = KeyFileChanges(first)
      func isDue(_ stamps: [FileStamp?]) -> Bool { changes.isDue(stamps) }
      #expect(!isDue(first) && !isDue(first))
      let (second, third) = (try stamps("ab"), try stamps("abc"))
      #expect(!isDue(second))
      #expect(!isDue(third))
      #expect(!isDue(second))
      let isBack = isDue(first)
      #expect(!isBack && !isDue(third))
      #expect(isDue(third))
      changes.succeed(third)
      #expect(!isDue(third) && !isDue(third))
      #expect(!isDue([nil]))
      #expect(isDue([nil]))
    }
  }

  @Test("stay due after a fault, which is reported once for each state of them")
  func faults() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let stamps = try ["a", "ab", "abc"].map { text in
        let file = root.appending(path: text)
        try write(text, to: file)
        return [FileStamp(of: file.path())]
      }
      var changes = KeyFileChanges(stamps[0])
      func isDue(_ number: Int) -> Bool { changes.isDue(stamps[number]) }
      func fails(_ number: Int) -> Bool { changes.fail(stamps[number]) }
      #expect(!isDue(1))
      #expect(isDue(1))
      #expect(fails(1))
      #expect(isDue(1))
      #expect(!fails(1))
      #expect(!isDue(2))
      #expect(isDue(2))
      #expect(fails(2))
      // The files are as they were when they were read.
      #expect(!isDue(0))
      #expect(!isDue(2))
      #expect(isDue(2))
      #expect(fails(2))
      changes.succeed(stamps[2])
      #expect(!isDue(2))
    }
  }
}
