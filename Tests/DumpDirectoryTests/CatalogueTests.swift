import DumpFormat
import Foundation
import TestSupport
import Testing

@testable import DumpDirectory

@Suite("The list of dumps")
struct CatalogueTests {
  @Test("is sorted by the times in the dumps' headers, to the fraction of a second")
  func fractions() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, _: URL) async throws in
      // The names have the opposite order.
      let times = [
        "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.1Z", "2026-01-01T00:00:00.100001Z", "2026-01-01T00:00:00.25Z",
        "2026-01-01T00:00:01.000000Z", "2026-01-01T00:00:02Z",
      ]
      let paths = try times.enumerated().map { number, time in
        try DirectoryTests.write(directory, at: 100 - number, createdAt: time).path
      }
      let listed = try directory.catalogue(DirectoryTests.keyring)
      #expect(listed.map(\.path) == paths.reversed())
      #expect(listed.map(\.createdAt) == times.reversed())
    }
  }

  @Test("changes its fingerprint with every name, and with every file if attributes are read")
  func fingerprint() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, _: URL) async throws in
      let path = try DirectoryTests.write(directory, at: 1, createdAt: "2026-01-01T00:00:00Z").path
      let (names, close) = (try directory.fingerprint(isClose: false), try directory.fingerprint(isClose: true))
      #expect(!names.isClose && close.isClose)
      #expect(names.isSame(as: close))
      #expect(close.isSame(as: try directory.fingerprint(isClose: true)))
      let file = try FileHandle(forWritingTo: URL(filePath: path))
      try file.seekToEnd()
      try file.write(contentsOf: Data([0]))
      try file.close()
      #expect(names.isSame(as: try directory.fingerprint(isClose: false)))
      #expect(!close.isSame(as: try directory.fingerprint(isClose: true)))
      _ = try DirectoryTests.write(directory, at: 2, createdAt: "2026-01-01T00:00:01Z")
      #expect(!close.isSame(as: try directory.fingerprint(isClose: false)))
    }
  }

  @Test("uses the time in the name when no key matches or the time in the header is invalid")
  func fallback() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, _: URL) async throws in
      let paths = try [3, 1, 2].map { seconds in
        try DirectoryTests.write(directory, at: seconds, createdAt: seconds == 2 ? "tomorrow" : "2026-01-01T00:00:00Z")
          .path
      }
      let wrong = DumpKeyring(sealing: DumpKey("wrong"))
      #expect(try directory.catalogue(wrong).map(\.path) == [paths[0], paths[2], paths[1]])
      #expect(
        try directory.catalogue(DirectoryTests.keyring).map(\.createdAt) == [
          "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "1970-01-01T00:00:02Z",
        ])
    }
  }

  @Test("includes truncated dumps, and files that are not dumps despite their names")
  func cutOff() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      try Data("DMP1 and no more".utf8).write(to: url.appending(path: "memory_dump-20260101T000001Z.bin"))
      try Data().write(to: url.appending(path: "memory_dump-20260101T000000Z.bin"))
      try Data("DMP1 and no more".utf8).write(to: url.appending(path: "memory_dump.bin"))
      #expect(
        try directory.catalogue(DirectoryTests.keyring).map(\.name) == [
          "memory_dump-20260101T000001Z.bin", "memory_dump-20260101T000000Z.bin",
        ])
    }
  }

  @Test("includes a dump that can't be opened")
  func unreadable() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      let path = try DirectoryTests.write(directory, at: 2).path
      let copy = url.appending(path: "memory_dump-19700101T000001Z.bin").path()
      try FileManager.default.copyItem(atPath: path, toPath: copy)
      // Linux's F_SETSIG and F_SETLEASE.
      let (setSignal, setLease) = (Int32(10), Int32(1024))
      // A write lease makes other openings fail, even root's, as EACCES would for another user's file.
      let leases = try [path, copy].map { path in
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        // This signal replaces SIGIO, which would end the process; SIGURG is ignored.
        #expect(fcntl(handle.fileDescriptor, setSignal, SIGURG) == 0)
        #expect(fcntl(handle.fileDescriptor, setLease, Int32(F_WRLCK)) == 0)
        return handle
      }
      let listed = try directory.catalogue(DirectoryTests.keyring)
      #expect(listed.map(\.path) == [path, copy])
      #expect(listed.map(\.createdAt) == ["1970-01-01T00:00:02Z", "1970-01-01T00:00:01Z"])
      #expect(throws: DumpDirectoryError.self) { try directory.open(path) }
      for lease in leases { try lease.close() }
    }
  }

  @Test("fails for a directory that does not exist")
  func missing() throws {
    let location = try DumpLocation(path: "/proc/gatehouse/d.bin", workingDirectory: "/")
    #expect { try DumpDirectory(location).catalogue(DirectoryTests.keyring) } throws: {
      ($0 as? DumpDirectoryError)?.code == .notFound
    }
  }
}
