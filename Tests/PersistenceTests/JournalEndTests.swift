import DocumentStore
import DumpFormat
import Foundation
import JSON
import Persistence
import Synchronization
import TestSupport
import Testing

@testable import DumpDirectory

@Suite("The end of a journal")
struct JournalEndTests {
  private static func add(_ setup: StoreWithDumps, _ name: String) async throws -> UInt64 {
    let result = try setup.store.write { (transaction) throws(StoreError) in
      try transaction.insert(["name": .string(name)], into: "users")
    }
    let commit = try #require(result.commit)
    try await setup.journal?.append(commit)
    return commit.sequence
  }

  private static func restoredCount(_ root: URL) throws -> Int {
    let next = try StoreWithDumps(root, journal: .always)
    try next.start(epoch: 2)
    return next.store.snapshot().count
  }

  /// Whether each journal of a directory is closed.
  private static func areClosed(_ setup: StoreWithDumps) throws -> [Bool] {
    try setup.directory.journals().map { entry in
      var reader = try #require(try JournalReader(setup.directory.source(of: entry.path), setup.keyring))
      while try reader.next() != nil {}
      return reader.ending == .closed
    }
  }

  @Test("closes it, also one that no commit followed")
  func closed() async throws {
    for hasDump in [false, true] {
      try await withTemporaryDirectory { root in
        let setup = try StoreWithDumps(root, journal: .always)
        try setup.start(epoch: 1)
        let last = try await Self.add(setup, "a")
        if hasDump { _ = try await setup.dump() }
        let journal = try #require(setup.journal)
        #expect(try await journal.end(through: last, within: .seconds(60)))
        #expect(try Self.areClosed(setup).allSatisfy { $0 })
        #expect(try Self.restoredCount(root) == 1)
      }
    }
  }

  @Test("is not waited for while the volume hangs, and does not count as closed; every commit is safe all the same")
  func hanging() async throws {
    try await withTemporaryDirectory { root in
      let isHeld = Mutex(false)
      let files = HookedOperations { operation in
        guard operation == "fdatasync" else { return }
        let isFree: Bool? = eventually(within: .seconds(120)) { isHeld.withLock { $0 } ? nil : true }
        if isFree != true { Issue.record("a sync is held for too long") }
      }
      defer { isHeld.withLock { $0 = false } }
      let setup = try StoreWithDumps(root, files: files, journal: .always)
      try setup.start(epoch: 1)
      let last = try await Self.add(setup, "a")
      let journal = try #require(setup.journal)
      isHeld.withLock { $0 = true }
      #expect(try await !journal.end(through: last, within: .milliseconds(100)))
      #expect(try Self.restoredCount(root) == 1)
    }
  }

  @Test("does not count as closed when the volume refuses the last chunk")
  func refused() async throws {
    try await withTemporaryDirectory { root in
      let isFull = Mutex(false)
      let files = RefusingOperations { isFull.withLock { $0 } }
      let setup = try StoreWithDumps(root, files: files, journal: .always)
      try setup.start(epoch: 1)
      let last = try await Self.add(setup, "a")
      let journal = try #require(setup.journal)
      isFull.withLock { $0 = true }
      #expect(try await !journal.end(through: last, within: .seconds(60)))
      #expect(try Self.areClosed(setup) == [false])
      #expect(try Self.restoredCount(root) == 1)
    }
  }
}
