import Foundation
import Glibc
import TestSupport
import Testing

@testable import Settings

@Suite("Files that hold a secret")
struct SecretFileTests {
  private static let key = Array("a key of the tests".utf8)

  private func outcome(of path: String) -> (secret: String?, fault: String?) {
    var reader = EnvironmentReader(["KEY_FILE": path], readFile: SecretFile.text(of:))
    let secret = reader.secret(SecretSetting("KEY", "of a test"))
    return (secret?.reveal(), reader.faults.first?.description)
  }

  private func outcome(of bytes: [UInt8]) async throws -> (secret: String?, fault: String?) {
    try await withTemporaryDirectory { (root: URL) async throws in
      let file = root.appending(path: "key")
      try Data(bytes).write(to: file)
      return outcome(of: file.path())
    }
  }

  @Test(
    "lose the line ends at their end, of any kind and number",
    arguments: ["", "\n", "\r\n", "\r", "\n\n", "\r\n\r\n\n\r"])
  func lineEnds(end: String) async throws {
    #expect(try await outcome(of: Self.key + Array(end.utf8)).secret == "a key of the tests")
  }

  @Test("of dumps also open what the variable sealed with its line ends, as Doorman takes it")
  func keyWithLineEnds() throws {
    var reader = EnvironmentReader(["MEM_ENCRYPTION_KEY": "a key of the tests\r\n"], readFile: SecretFile.text(of:))
    let settings = try #require(DumpSettings(&reader, isProduction: false))
    #expect(settings.encryptionKey.reveal() == "a key of the tests")
    #expect(settings.olderKeys.map { Array($0.reveal().utf8) } == [Array("a key of the tests\r\n".utf8)])
    var plain = EnvironmentReader(["MEM_ENCRYPTION_KEY": "a key of the tests"], readFile: SecretFile.text(of:))
    #expect(DumpSettings(&plain, isProduction: false)?.olderKeys.isEmpty == true)
  }

  @Test(
    "keep everything else", arguments: [" a key ", "\na key", "a\r\nkey", "a key\n ", "a key\t", "e\u{301}", "\u{E9}"])
  func rest(text: String) async throws {
    let secret = try #require(try await outcome(of: Array(text.utf8)).secret)
    #expect(Array(secret.utf8) == Array(text.utf8))
  }

  private static let unfit: [(bytes: [UInt8], word: String)] = [
    ([0xEF, 0xBB, 0xBF, 0x61], "byte order mark"), ([0xFF, 0xFE, 0x61, 0x00], "UTF-16"),
    ([0xFE, 0xFF, 0x00, 0x61], "UTF-16"), ([0x61, 0x00, 0x61], "NUL"), ([0xC3], "UTF-8"), ([0x61, 0xFF], "UTF-8"),
    ([], "empty"), ([0x0A], "empty"), ([0x0D, 0x0A, 0x0D, 0x0A], "empty"),
    ([UInt8](repeating: 0x61, count: (1 << 20) + 1), "larger"),
  ]

  @Test("are refused when they hold no plain text", arguments: unfit)
  func refusals(bytes: [UInt8], word: String) async throws {
    let outcome = try await outcome(of: bytes)
    #expect(outcome.secret == nil)
    #expect(outcome.fault?.hasPrefix("KEY_FILE: names the file") == true)
    #expect(outcome.fault?.contains(word) == true, "\(outcome)")
  }

  @Test("are refused when they are no files, without waiting for a writer", .timeLimit(.minutes(20)))
  func kinds() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let pipe = root.appending(path: "pipe").path()
      #expect(mkfifo(pipe, 0o600) == 0)
      #expect(outcome(of: pipe).fault?.contains("empty") == true)
      #expect(outcome(of: root.path()).fault?.contains("directory") == true)
      #expect(outcome(of: "/dev/zero").fault?.contains("device") == true)
      #expect(outcome(of: root.appending(path: "none").path()).fault?.contains("No such file") == true)
    }
  }

  @Test("may be a pipe that somebody writes")
  func pipe() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let pipe = root.appending(path: "pipe").path()
      #expect(mkfifo(pipe, 0o600) == 0)
      let reading = open(pipe, O_RDONLY | O_NONBLOCK)
      let writing = open(pipe, O_WRONLY)
      _ = write(writing, Self.key + [0x0A], Self.key.count + 1)
      close(writing)
      #expect(outcome(of: pipe).secret == "a key of the tests")
      close(reading)
    }
  }

  @Test("give what the variable with the same text gives", arguments: ["\n", "\r\n", "\r", "\n\n"])
  func variables(end: String) throws {
    var reader = EnvironmentReader([
      "KEY": "a key" + end, "B": "true" + end, "N": "7" + end, "PATH": "/x" + end, "L": "a,b" + end,
    ]) { _ in "" }
    let secret = reader.secret(SecretSetting("KEY", "of a test"))?.reveal()
    #expect(secret == "a key")
    let isOn = reader.value(of: Setting("B", .boolean, default: false, "of a test"))
    #expect(isOn)
    let number = reader.value(of: Setting("N", .integer(0...9), default: 0, "of a test"))
    #expect(number == 7)
    let path = reader.value(of: Setting("PATH", .text(), default: "", "of a test"))
    #expect(path == "/x")
    let list = reader.value(of: Setting("L", .list, default: [], "of a test"))
    #expect(list == ["a", "b"])
    #expect(reader.faults == [])
  }

  @Test("and variables are read by their bytes")
  func bytes() throws {
    var reader = EnvironmentReader([
      "LIST": "a,\u{301}b", "WORD": "o\u{212A}", "MARKED": "\u{FEFF}key", "BROKEN": "a\u{FFFD}", "COUNTED": "e\u{301}",
    ]) { _ in "" }
    let list = reader.value(of: Setting("LIST", .list, default: [], "of a test")).map { Array($0.utf8) }
    #expect(list == [[0x61], Array("\u{301}b".utf8)])
    let word = reader.value(of: Setting("WORD", .choice(["a": 1, "ok": 2]), default: 1, "of a test"))
    #expect(word != 2)
    _ = (
      reader.secret(SecretSetting("MARKED", "of a test")), reader.secret(SecretSetting("BROKEN", "of a test"))
    )
    let count = reader.secret(SecretSetting("COUNTED", "of a test"))?.count
    #expect(count == 2)
    #expect(reader.faults.map(\.name) == ["WORD", "MARKED", "BROKEN"])
  }
}
