import DocumentStore
import DumpFormat
import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@testable import DumpDirectory
@testable import Persistence

@Suite("A dump names the dump before it")
struct DumpPredecessorTests {
  private func predecessor(_ dump: Dumper.Dump, _ setup: StoreWithDumps) throws -> String? {
    try setup.directory.open(dump.written.path).inspect(setup.keys.present).header.predecessor
  }

  private func identity(_ path: String, _ setup: StoreWithDumps) throws -> String {
    try setup.directory.identity(of: path, setup.keys.present)
  }

  private struct NothingRestored: Error {}

  /// Puts the newest state in place, as a start does.
  private func start(_ setup: StoreWithDumps) async throws -> Ladder.Restored {
    guard case .restored(let restored, _) = try setup.ladder().restoreNewest() else { throw NothingRestored() }
    setup.take(restored)
    await setup.dumper.markRestored(restored)
    return restored
  }

  @Test("by its identity, which is known from writing it")
  func written() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let setup = try StoreWithDumps(root)
      try setup.add("a")
      let first = try await setup.dump()
      #expect(try predecessor(first, setup) == nil)
      #expect(try first.written.identity == identity(first.written.path, setup))
      try setup.add("b")
      let second = try await setup.dump()
      #expect(try predecessor(second, setup) == first.written.identity)
      let listed = try setup.directory.catalogue(setup.keys.present).map(\.header?.predecessor)
      #expect(listed.contains(first.written.identity) && listed.contains(nil))
      // A file that is gone has its name all the same.
      #expect(unlink(second.written.path) == 0)
      #expect(try await predecessor(setup.dump(), setup) == second.written.identity)
    }
  }

  @Test("also when it goes elsewhere, and does not count such a dump as one before it")
  func elsewhere() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let setup = try StoreWithDumps(root)
      let first = try await setup.dump()
      let below = DumpLocation(directory: setup.directory.location.directory + "/sub", stem: "x")
      let aside = try await setup.dumper.dump(to: below, reason: "test")
      #expect(try predecessor(aside, setup) == first.written.identity)
      #expect(try await predecessor(setup.dump(), setup) == first.written.identity)
    }
  }

  @Test("after a start: the one that was loaded, in either format, and not a newer one that is damaged")
  func loaded() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      for format in DumpFormatName.allCases {
        let root = root.appending(path: format.rawValue)
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        let before = try StoreWithDumps(root, format: format)
        let good = try await before.dump()
        try before.add("b")
        let damaged = try await before.dump()
        // Both were written in one second, so their names tell their order.
        let paths = [good, damaged].map(\.written.path)
        let entries = try before.directory.catalogue(before.keys.present).map(\.path)
        #expect(entries == paths.reversed())
        var bytes = try Data(contentsOf: URL(filePath: paths[1]))
        bytes[bytes.count - 20] ^= 1
        try bytes.write(to: URL(filePath: paths[1]))
        let setup = try StoreWithDumps(root)
        let restored = try await start(setup)
        #expect(restored.path == paths[0])
        #expect(try restored.identity == identity(paths[0], setup))
        #expect(try await predecessor(setup.dump(), setup) == good.written.identity, "\(format)")
      }
    }
  }

  @Test("after a start from journals alone: none")
  func journalsOnly() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let before = try StoreWithDumps(root, journal: .always)
      try before.start(epoch: 1)
      try await before.write { (transaction) throws(StoreError) in
        try transaction.insert(["name": "a"], into: "users")
      }
      let setup = try StoreWithDumps(root, journal: .always)
      let restored = try await start(setup)
      #expect(restored.summary == nil && restored.identity == nil)
      setup.journal?.activate(epoch: 2)
      #expect(try await predecessor(setup.dump(), setup) == nil)
    }
  }

  @Test("where only the file of the one before tells: by reading it, and not at all when it is gone")
  func read() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let before = try StoreWithDumps(root)
      let first = try await before.dump()
      for isGone in [false, true] {
        if isGone { #expect(unlink(first.written.path) == 0) }
        let setup = try StoreWithDumps(root)
        await setup.dumper.markChanged(since: Dumper.Origin(path: first.written.path, createdAt: ""))
        #expect(try await predecessor(setup.dump(), setup) == (isGone ? nil : first.written.identity))
      }
    }
  }

  @Test("also when it was written again with another key, or converted")
  func rewritten() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let setup = try StoreWithDumps(root)
      let first = try await setup.dump()
      let second = try await setup.dump()
      let aside = root.appending(path: "aside").path()
      let conversion = DumpConversion(of: setup.directory, keyring: setup.keyring, program: "gatehouse/test")
      let converted = try conversion.convert(second.written.path, to: .dmp2, into: aside)
      #expect(converted.summary.header.predecessor == first.written.identity)
      #expect(converted.identity == second.written.identity)
      let old = try conversion.convert(second.written.path, to: .dmp1, into: aside + "/dmp1")
      #expect(old.summary.header.predecessor == nil && old.identity == second.written.identity)
      let key = DumpKey("another key of the tests, of some 32 characters")
      let new = DumpKeyring(sealing: key, older: [setup.keyring.sealing])
      let rekeying = Rekeying(in: setup.directory, keyring: new, program: "gatehouse/test")
      for dump in [first, second] {
        guard case .rekeyed = rekeying.rekey(dump.written.path).outcome else {
          Issue.record("\(dump.written.path) is not encrypted again")
          return
        }
      }
      let alone = DumpKeyring(sealing: new.sealing)
      let header = try setup.directory.open(second.written.path).inspect(alone).header
      #expect(try header.predecessor == setup.directory.identity(of: first.written.path, alone))
    }
  }
}
