import DumpFormat
import Foundation
import TestSupport
import Testing

@testable import DumpDirectory

@Suite("A process that dies while it writes a dump")
struct CrashTests {
  @Test("leaves the old dump or the new one complete, and the next start removes its unfinished file")
  func everyPoint() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      try DirectoryTests.write(directory, at: 1, records: 1)
      let all = FailingOperations(failing: 0)
      try DirectoryTests.write(DumpDirectory(directory.location, files: all), at: 2, records: 2)
      #expect(all.count >= 6)
      for point in 1...all.count {
        let dying = DumpDirectory(directory.location, files: FailingOperations(failing: point, dies: true))
        #expect(throws: DumpDirectoryError.self) { try DirectoryTests.write(dying, at: 2 + point, records: 3) }
        try directory.prepare()
        #expect(names(in: url).allSatisfy { !$0.hasPrefix(".") })
        for entry in try directory.catalogue(DirectoryTests.keyring) {
          #expect((1...3).contains(try DirectoryTests.records(in: directory, entry.path)))
        }
      }
      #expect(names(in: url).contains("memory_dump-19700101T000001Z.bin"))
      #expect(names(in: url).contains("memory_dump-19700101T000002Z.bin"))
    }
  }

  @Test("after naming the dump and before removing its temporary name leaves the dump")
  func betweenNames() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      let path = try DirectoryTests.write(directory, at: 1).path
      let temporary = url.appending(path: ".memory_dump-19700101T000001Z.bin.7-0.tmp").path()
      try FileManager.default.linkItem(atPath: path, toPath: temporary)
      try directory.prepare()
      #expect(names(in: url) == ["memory_dump-19700101T000001Z.bin"])
      #expect(try DirectoryTests.records(in: directory, path) == 3)
    }
  }

  @Test("while it tests the directory leaves nothing that the next start does not remove")
  func probe() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      for point in 1...3 {
        let dying = DumpDirectory(directory.location, files: FailingOperations(failing: point, dies: true))
        #expect(throws: DumpDirectoryError.self) { try dying.prepare() }
      }
      #expect(names(in: url).count == 2)
      #expect(try directory.prepare().count == 2)
      #expect(names(in: url) == [])
    }
  }

  @Test("in a directory inside leaves a file that the next dump there removes")
  func below() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      let target = try directory.location.confined("sub/x.bin", workingDirectory: "/")
      try DirectoryTests.write(directory, to: target, at: 1)
      try Data("x".utf8).write(to: url.appending(path: "sub/.x-19700101T000002Z.bin.7-0.tmp"))
      try DirectoryTests.write(directory, to: target, at: 3)
      #expect(names(in: url.appending(path: "sub")) == ["x-19700101T000001Z.bin", "x-19700101T000003Z.bin"])
    }
  }
}

@Suite("A dump that is written")
struct WritingTests {
  @Test("is synced before it gets its name, then its name is synced, and so is the entry of a new directory")
  func order() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      let files = FailingOperations(failing: 0)
      let target = try directory.location.confined("sub/x.bin", workingDirectory: "/")
      let path = try DirectoryTests.write(DumpDirectory(directory.location, files: files), to: target, at: 1).path
      let temporary =
        "\(url.path())/sub/.x-19700101T000001Z.bin.\(TemporaryFile.device(of: "\(url.path())/sub"))-\(getpid())-0.tmp"
      let log = files.log.reduce(into: [String]()) { if $0.last != $1 { $0.append($1) } }
      #expect(
        log == [
          "mkdir \(url.path())/sub", "fsync-directory \(url.path())", "create \(temporary)", "write \(temporary)",
          "fsync \(temporary)", "rename \(temporary)", "fsync-directory \(url.path())/sub",
        ])
      #expect(path == "\(url.path())/sub/x-19700101T000001Z.bin")
    }
  }

  @Test("does not touch the unfinished file of a process with the same ID in another container")
  func sameProcessIdentifier() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      // Both processes use the same name: the same stem, second and process ID.
      let name = DumpName(stem: "memory_dump", seconds: 1).file
      let other = try TemporaryFile(for: name, in: url.path(), files: LiveFileOperations())
      let (descriptor, unfinished) = (other.descriptor, other.path)
      #expect(Data("theirs".utf8).withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) } == 6)
      let path = try DirectoryTests.write(directory, at: 1).path
      try directory.prepare()
      #expect(try Data(contentsOf: URL(filePath: unfinished)) == Data("theirs".utf8))
      #expect(try DirectoryTests.records(in: directory, path) == 3)
      // The other process has ended.
      #expect(flock(descriptor, LOCK_UN) == 0)
      #expect(try directory.prepare() == [URL(filePath: unfinished).lastPathComponent])
    }
  }

  @Test("never replaces another dump, and stays valid if its temporary name stays too")
  func takenNames() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      let planted = url.appending(path: "memory_dump-19700101T000001Z.bin")
      try FileManager.default.createSymbolicLink(
        at: planted, withDestinationURL: url.deletingLastPathComponent().appending(path: "victim"))
      try FileManager.default.createDirectory(
        at: url.appending(path: "memory_dump-19700101T000001Z-0001.bin"), withIntermediateDirectories: true)
      #expect(
        try DirectoryTests.write(directory, at: 1).path == "\(url.path())/memory_dump-19700101T000001Z-0002.bin")
      #expect(!FileManager.default.fileExists(atPath: url.deletingLastPathComponent().appending(path: "victim").path()))
    }
  }

  @Test("leaves nothing when it is abandoned, and the error is passed on")
  func produceFails() async throws {
    struct Cause: Error {}
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      #expect(throws: Cause.self) {
        _ = try directory.beginDump(to: directory.location, at: 1) { file in
          var file = file
          try Data(repeating: 1, count: 100).withUnsafeBytes { try file.write($0) }
          throw Cause()
        }
      }
      #expect(names(in: url) == [])
    }
  }

  @Test("does not follow a link that replaced a directory after the path was checked")
  func swappedLink() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      let outside = url.deletingLastPathComponent().appending(path: "outside")
      let sub = url.appending(path: "sub")
      for new in [outside, sub] { try FileManager.default.createDirectory(at: new, withIntermediateDirectories: true) }
      for path in ["sub/x.bin", "sub/deep/x.bin"] {
        let target = try directory.location.confined(path, workingDirectory: "/")
        try FileManager.default.removeItem(at: sub)
        try FileManager.default.createSymbolicLink(at: sub, withDestinationURL: outside)
        #expect { try DirectoryTests.write(directory, to: target, at: 1) } throws: {
          ($0 as? DumpDirectoryError)?.code == .outside
        }
        #expect(names(in: outside) == [])
        try FileManager.default.removeItem(at: sub)
        try FileManager.default.createDirectory(at: sub, withIntermediateDirectories: true)
      }
    }
  }
}

/// Runs `body` with a prepared dump directory, `generated` in a temporary directory.
func withDumpDirectory(_ body: (DumpDirectory, URL) async throws -> Void) async throws {
  try await withTemporaryDirectory { root in
    let directory = DumpDirectory(try DumpLocation(path: "generated/memory_dump.bin", workingDirectory: root.path()))
    try directory.prepare()
    try await body(directory, root.appending(path: "generated"))
  }
}
