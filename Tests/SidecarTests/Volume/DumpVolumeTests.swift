import Clocks
import DumpDirectory
import DumpFormat
import DumpReports
import Foundation
import Glibc
import JSON
import Retention
import Settings
import Synchronization
import TestSupport
import Testing

@testable import Sidecar

@Suite("DumpVolume")
struct VolumeTests {
  private static let key = "a key of the tests, long enough"
  private static let place = UTF8Key("s3://copies/")

  private func write(_ count: Int, in root: URL) throws {
    let location = try DumpLocation(path: "d.bin", workingDirectory: root.path())
    for number in 0..<count {
      var dump = try DumpDirectory(location).beginDump(to: location, at: 1_795_464_697 + number) {
        file in
        try DumpWriter(
          header: DumpHeader(createdAt: "2026-11-23T20:11:37Z"), key: DumpKey(Self.key), sink: file)
      }
      try dump.beginGroup("users")
      _ = try dump.seal().publish()
    }
  }

  private func settings(_ path: String = "d.bin") throws -> DumpSettings {
    var reader = EnvironmentReader(["MEM_ENCRYPTION_KEY": Self.key, "MEM_DUMP_PATH": path]) { _ in "" }
    return try #require(DumpSettings(&reader, isProduction: false))
  }

  @Test("writes its cache once for a row of dumps, and every five seconds of a long one")
  func savesTogether() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      try write(13, in: root)
      let time = Mutex(Duration.zero)
      let now: @Sendable () -> Duration = { time.withLock { $0 } }
      let volume = try DumpVolume(settings(), workingDirectory: root.path(), cache: .owner, steady: now)
      let notes = root.appending(path: ".gatehouse-sidecar-d.json").path()
      var written: [FileIdentity?] = []
      try volume.savingCacheOnce {
        for dump in try volume.dumps() {
          time.withLock { $0 += .seconds(1) }
          #expect(volume.verify(dump).isGood)
          written.append(try? FileIdentity(of: notes))
        }
      }
      // After the fifth and the tenth, and at the end.
      let changes = (1..<written.count).filter { written[$0] != written[$0 - 1] }
      #expect(written[0] == nil)
      #expect(changes == [4, 9])
      let other = try DumpVolume(settings(), workingDirectory: root.path(), cache: .guest)
      #expect(try other.dumps().allSatisfy(\.isGood))
      #expect(try other.dumps().count == 13)
      // A single one is noted at once.
      try write(1, in: root)
      let before = try FileIdentity(of: notes)
      _ = volume.verify(try #require(try volume.dumps().first { $0.verification == nil }))
      #expect(try FileIdentity(of: notes) != before)
    }
  }

  @Test("does not let a dump that can't be read now displace a good one by an earlier result")
  func unreadable() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      try write(3, in: root)
      let volume = try DumpVolume(settings(), workingDirectory: root.path(), cache: .owner)
      for dump in try volume.dumps() { #expect(volume.verify(dump).isGood) }
      let before = try volume.dumps()
      #expect(before.filter(\.isGood).count == 3)
      let (newest, oldest) = (try #require(before.first), try #require(before.last))
      // A write lease refuses other openings, also root's (F_SETSIG and F_SETLEASE of Linux).
      let handle = try #require(FileHandle(forUpdatingAtPath: oldest.entry.path))
      #expect(fcntl(handle.fileDescriptor, 10, SIGURG) == 0)
      #expect(fcntl(handle.fileDescriptor, 1024, Int32(F_WRLCK)) == 0)
      let dumps = try volume.dumps()
      let known = try #require(dumps.first { $0.name == oldest.name })
      #expect(!known.isGood)
      #expect(known.readFault?.contains("can't be used") == true)
      let plan = RetentionPlan(
        dumps: volume.judged(dumps), policy: RetentionPolicy(last: 1), clock: .trusted(now: 2_000_000_000))
      #expect(plan.anchor == newest.name)
      #expect(!plan.removals.contains(newest.name) && !plan.removals.contains(oldest.name))
      try handle.close()
      #expect(try volume.dumps().allSatisfy(\.isGood))
    }
  }

  @Test("reads notes again that could not be read before, although their file did not change")
  func unreadableNotes() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      try DumpVolume(settings(), workingDirectory: root.path(), cache: .owner).markCopied("a", at: Self.place)
      let reader = try DumpVolume(settings(), workingDirectory: root.path(), cache: .reader)
      let notes = root.appending(path: ".gatehouse-sidecar-d.json").path()
      let handle = try #require(FileHandle(forUpdatingAtPath: notes))
      #expect(fcntl(handle.fileDescriptor, 10, SIGURG) == 0)
      #expect(fcntl(handle.fileDescriptor, 1024, Int32(F_WRLCK)) == 0)
      #expect(!reader.isCopied("a", to: Self.place))
      #expect(reader.cacheFault.present?.contains("can't be read") == true)
      try handle.close()
      #expect(reader.isCopied("a", to: Self.place))
      #expect(reader.cacheFault.present == nil)
    }
  }

  @Test("changes nothing on the volume for a reader: the cache stays in memory")
  func reader() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      try write(3, in: root)
      let before = DirectoryState(of: root)
      let reader = try DumpVolume(settings(), workingDirectory: root.path(), cache: .reader)
      try reader.savingCacheOnce {
        for dump in try reader.dumps() { #expect(reader.verify(dump).isGood) }
      }
      reader.accept(["d-20261123T201137Z.bin"])
      reader.markCopied("d-20261123T201137Z.bin", at: Self.place)
      reader.forgetAll(except: [])
      #expect(try reader.dumps().count == 3)
      #expect(DirectoryState(of: root) == before)
      #expect(reader.cacheFault.present == nil)
    }
  }

  @Test("reads the notes of a large store again, which are larger than other small files may be")
  func manyJournals() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let volume = try DumpVolume(settings(), workingDirectory: root.path(), cache: .owner)
      let identity = FileIdentity(bytes: 1_000_000, modifiedAt: 1_795_464_697_123_456_789, inode: 1_234_567_890_123)
      let good = Verification.good(
        GoodJournal(
          commits: 1000, first: 1_795_464_697_123_456, last: 1_795_464_698_123_456, bytes: 1_000_000, isClosed: true,
          torn: 0))
      let names = (0..<20_000).map { "d.journal-1-\($0)" }
      let marks = volume.keys.present.marks
      volume.savingCacheOnce {
        for name in names { volume.record(good, of: name, identity, marks) }
        volume.markCopied(names[0], at: Self.place)
      }
      let notes = root.appending(path: ".gatehouse-sidecar-d.json").path()
      #expect(try FileIdentity(of: notes).bytes > SmallFile.maximumSize)
      let next = try DumpVolume(settings(), workingDirectory: root.path(), cache: .owner)
      #expect(next.known(names[0], identity) == good)
      #expect(next.known(names[19_999], identity) == good)
      #expect(next.isCopied(names[0], to: Self.place) && !next.isCopied(names[1], to: Self.place))
      #expect(next.cacheFault.present == nil)
    }
  }

  @Test("leaves the file of its cache as it is when a new one would be too large to be read")
  func tooManyNotes() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let volume = try DumpVolume(settings(), workingDirectory: root.path(), cache: .owner, maximumNotes: 1000)
      volume.markCopied("a", at: Self.place)
      #expect(volume.cacheFault.present == nil)
      let long = String(repeating: "b", count: 1000)
      volume.markCopied(long, at: Self.place)
      #expect(volume.cacheFault.present?.contains("more than the 1000 bytes") == true)
      #expect(volume.isCopied("a", to: Self.place) && volume.isCopied(long, to: Self.place))
      let next = try DumpVolume(settings(), workingDirectory: root.path(), cache: .owner)
      #expect(next.isCopied("a", to: Self.place) && !next.isCopied(long, to: Self.place))
    }
  }

  @Test("has a cache for each stem: two sidecars of one directory leave each other's alone")
  func twoStems() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      try write(2, in: root)
      let one = try DumpVolume(settings(), workingDirectory: root.path(), cache: .owner)
      let other = try DumpVolume(settings("e.bin"), workingDirectory: root.path(), cache: .owner)
      for dump in try one.dumps() { _ = one.verify(dump) }
      other.accept(["e-20261123T201137Z.bin"])
      other.forgetAll(except: [])
      #expect(try other.dumps().isEmpty)
      let again = try DumpVolume(settings(), workingDirectory: root.path(), cache: .reader)
      #expect(try again.dumps().allSatisfy(\.isGood))
      #expect(try again.dumps().count == 2)
    }
  }
}
