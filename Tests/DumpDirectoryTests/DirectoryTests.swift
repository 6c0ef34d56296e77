import DumpFormat
import Foundation
import TestSupport
import Testing

@testable import DumpDirectory

@Suite("The dump directory")
struct DirectoryTests {
  static let keyring = DumpKeyring(sealing: DumpKey("a key of the tests"))

  @discardableResult
  static func write(
    _ directory: DumpDirectory, to target: DumpLocation? = nil, at seconds: Int,
    createdAt: String = "2026-01-01T00:00:00.000000Z",
    records: Int = 3
  ) throws -> WrittenDump {
    var dump = try directory.beginDump(to: target ?? directory.location, at: seconds) { file in
      try DumpWriter(
        header: DumpHeader(createdAt: createdAt), key: keyring.sealing, sink: file)
    }
    try dump.beginGroup("users")
    for number in 0..<records {
      try Array("{\"n\":\(number)}".utf8).withUnsafeBytes { try dump.append($0) }
    }
    return try dump.seal().publish()
  }

  /// The number of records of a dump that was verified and read.
  static func records(in directory: DumpDirectory, _ path: String) throws -> Int {
    try directory.open(path).verify(keyring).read(group: { _ in }, record: { _, _ in }).records
  }

  @Test("gives each dump of a second its own name, readable only by its owner")
  func naming() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      let paths = try (0..<3).map { _ in try Self.write(directory, at: 1_795_464_697).path }
      #expect(
        names(in: url) == [
          "memory_dump-20261123T201137Z-0001.bin", "memory_dump-20261123T201137Z-0002.bin",
          "memory_dump-20261123T201137Z.bin",
        ])
      #expect(paths[0].hasSuffix("/memory_dump-20261123T201137Z.bin"))
      for path in paths {
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        #expect(try Self.records(in: directory, path) == 3)
      }
    }
  }

  @Test("keeps older dumps and leaves no unfinished file, whichever operation fails")
  func failures() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      let old = try Self.write(directory, at: 1_000_000_000).path
      let oldBytes = try Data(contentsOf: URL(filePath: old))
      let all = FailingOperations(failing: 0)
      let extra = DumpLocation(directory: url.path() + "/sub", stem: "x")
      try Self.write(DumpDirectory(directory.location, files: all), to: extra, at: 1)
      #expect(all.count >= 6)
      for point in 1...all.count {
        try? FileManager.default.removeItem(at: url.appending(path: "sub"))
        let failing = DumpDirectory(directory.location, files: FailingOperations(failing: point))
        #expect { try Self.write(failing, to: extra, at: 1) } throws: { error in
          (error as? DumpDirectoryError)?.code == .noSpace && "\(error)".contains("full")
        }
        #expect(names(in: url.appending(path: "sub")) == [])
        #expect(names(in: url).filter { $0.hasSuffix(".tmp") } == [])
        #expect(try Data(contentsOf: URL(filePath: old)) == oldBytes)
      }
    }
  }

  @Test("removes files of dead processes, and no others")
  func leftovers() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      let planted = [
        ".memory_dump-20261123T201137Z.bin.4711.tmp", ".other.tmp", "memory_dump-20261123T201137Z.bin.tmp",
        ".x-20261123T201137Z.bin.tmp",
      ]
      for name in planted { try Data("x".utf8).write(to: url.appending(path: name)) }
      // This file belongs to a process that uses another mount. Its lock is not visible here.
      try Data("x".utf8).write(to: url.appending(path: ".memory_dump-20261123T201139Z.bin.1-4713-0.tmp"))
      let alive = url.appending(path: ".memory_dump-20261123T201138Z.bin.4712.tmp")
      try Data("y".utf8).write(to: alive)
      let handle = try FileHandle(forWritingTo: alive)
      #expect(flock(handle.fileDescriptor, LOCK_EX) == 0)
      #expect(try directory.prepare() == [".memory_dump-20261123T201137Z.bin.4711.tmp"])
      #expect(
        Set(names(in: url))
          == Set(planted.dropFirst() + [alive.lastPathComponent, ".memory_dump-20261123T201139Z.bin.1-4713-0.tmp"]))
      try handle.close()
    }
  }

  @Test("lists dumps newest first by their headers, and only dumps")
  func catalogue() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      let path = { (name: String) in url.appending(path: name).path() }
      let older = try Self.write(directory, at: 2_000_000_000, createdAt: "2026-01-01T00:00:01.000000Z").path
      let newer = try Self.write(directory, at: 1_000_000_000, createdAt: "2026-01-01T00:00:02.500000Z").path
      let copied = path("memory_dump-19990101T000000Z.bin")
      try FileManager.default.copyItem(atPath: newer, toPath: copied)
      let twins = try (0..<2).map { _ in
        try Self.write(directory, at: 1_500_000_000, createdAt: "2026-01-01T00:00:02.000000Z").path
      }
      try Data("junk".utf8).write(to: url.appending(path: "memory_dump-20200101T000000Z.bin"))
      let listed = try directory.catalogue(Self.keyring).map(\.path)
      #expect(Set(listed.prefix(2)) == [newer, copied])
      #expect(listed.dropFirst(2) == [twins[1], twins[0], older, path("memory_dump-20200101T000000Z.bin")])
    }
  }

  @Test("fails when every name of a second is taken, and leaves no unfinished file")
  func noNameLeft() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      for number in 0...9999 {
        try Data().write(
          to: url.appending(path: DumpName(stem: directory.location.stem, seconds: 1, number: number).file))
      }
      #expect { try Self.write(directory, at: 1) } throws: { ($0 as? DumpDirectoryError)?.code == .taken }
      #expect(names(in: url).count == 10_000)
      #expect(!names(in: url).contains { $0.hasSuffix(".tmp") })
    }
  }

  @Test("opens only regular files, and no links")
  func opening() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      let dump = try Self.write(directory, at: 1).path
      let link = url.appending(path: "link.bin").path()
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: dump)
      #expect { try directory.open(link) } throws: { "\($0)".contains("symbolic link") }
      #expect { try directory.open(url.path()) } throws: { ($0 as? DumpDirectoryError)?.code == .outside }
      #expect { try directory.open(dump + "x") } throws: { ($0 as? DumpDirectoryError)?.code == .notFound }
    }
  }

  @Test("reports what to do when it can't be written")
  func notWritable() throws {
    let location = try DumpLocation(path: "/proc/gatehouse/memory_dump.bin", workingDirectory: "/")
    #expect(throws: DumpDirectoryError.self) { try DumpDirectory(location).prepare() }
    #expect("\(DumpDirectoryError("mkdir", "/data", errno: EACCES))".contains("MEM_DUMP_PATH"))
  }
}
