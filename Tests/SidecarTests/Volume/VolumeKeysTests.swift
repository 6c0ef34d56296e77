import DumpDirectory
import DumpFormat
import Foundation
import Glibc
import Settings
import TestSupport
import Testing

@testable import Sidecar

@Suite("The keys of the sidecar's volume")
struct VolumeKeysTests {
  private static let old = "a key of the tests, long enough for HKDF alone"
  private static let new = "another key of the tests, long enough for HKDF"

  private let root: URL
  private var file: URL { root.appending(path: "key") }

  private func volume() throws -> DumpVolume {
    var reader = EnvironmentReader(
      ["MEM_ENCRYPTION_KEY_FILE": file.path(), "MEM_DUMP_PATH": "d.bin"], readFile: SecretFile.text(of:))
    let settings = try #require(DumpSettings(&reader, isProduction: false))
    return try DumpVolume(settings, workingDirectory: root.path(), cache: .owner)
  }

  private func dump(_ number: Int, _ key: String) throws {
    let location = try DumpLocation(path: "d.bin", workingDirectory: root.path())
    var dump = try DumpDirectory(location).beginDump(to: location, at: 1_795_464_697 + number) { file in
      let header = DumpHeader(
        format: .dmp2, createdAt: "2026-11-23T20:11:37Z", order: DumpOrder(epoch: 1, sequence: number))
      return try DumpWriter(header: header, key: DumpKey(key), sink: file)
    }
    try dump.beginGroup("users")
    _ = try dump.seal().publish()
  }

  private init(_ root: URL) { self.root = root }

  init() { root = FileManager.default.temporaryDirectory }

  private func within(_ body: @escaping (VolumeKeysTests) throws -> Void) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let test = VolumeKeysTests(root)
      try Data(Self.old.utf8).write(to: test.file)
      try body(test)
    }
  }

  @Test("are read again for a dump that they don't decrypt, so that it is never taken for a bad one")
  func onDemand() async throws {
    try await within { test in
      let volume = try test.volume()
      try test.dump(1, Self.old)
      let first = try #require(try volume.dumps().first)
      #expect(volume.verify(first).isGood)
      try Data(Self.new.utf8).write(to: test.file)
      try test.dump(2, Self.new)
      let dumps = try volume.dumps()
      #expect(dumps.count == 2 && dumps[1].isGood)
      #expect(volume.verify(dumps[0]).isGood)
      // The cache is authenticated with the new key, and knows the result of the old one.
      let notes = try volume.directory.readSmallFile(VerificationCache.fileName(of: volume.directory.location))
      let cache = try #require(VerificationCache(sealed: notes, DumpKey(Self.new)))
      #expect(cache.dumps.count == 2)
      #expect(VerificationCache(sealed: notes, DumpKey(Self.old)) == nil)
    }
  }

  @Test("that changed are taken at the second look, or at once when that is asked for, and bad ones never")
  func looks() async throws {
    try await within { test in
      let keys = try test.volume().keys
      #expect(keys.canChange)
      try Data(Self.new.utf8).write(to: test.file)
      #expect(!keys.look(isAsked: false))
      #expect(keys.look(isAsked: false))
      #expect(!keys.look(isAsked: false) && !keys.look(isAsked: false))
      #expect(keys.present.keyring.sealing == DumpKey(Self.new))
      #expect(keys.present.keyring.older == [DumpKey(Self.old)])
      for text in ["", "short"] {
        try Data(text.utf8).write(to: test.file)
        #expect(!keys.look(isAsked: true) && !keys.refresh())
        #expect(keys.present.keyring.sealing == DumpKey(Self.new))
      }
      try Data(Self.old.utf8).write(to: test.file)
      #expect(keys.look(isAsked: true))
      #expect(keys.present.keyring.sealing == DumpKey(Self.old))
    }
  }

  @Test("that could not be read are taken when they can be, although nothing of their file has changed since")
  func unreadable() async throws {
    try await within { test in
      let keys = try test.volume().keys
      try Data(Self.new.utf8).write(to: test.file)
      let handle = try #require(FileHandle(forUpdatingAtPath: test.file.path()))
      // A write lease refuses other openings, also root's (F_SETSIG and F_SETLEASE of Linux).
      #expect(fcntl(handle.fileDescriptor, 10, SIGURG) == 0)
      #expect(fcntl(handle.fileDescriptor, 1024, Int32(F_WRLCK)) == 0)
      for _ in 0..<3 { #expect(!keys.look(isAsked: false)) }
      try handle.close()
      #expect(keys.look(isAsked: false))
      #expect(keys.present.keyring.sealing == DumpKey(Self.new))
    }
  }
}
