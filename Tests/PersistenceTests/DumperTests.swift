import DocumentStore
import DumpFormat
import Foundation
import JSON
import Persistence
import Synchronization
import TestSupport
import Testing
import Threads

@testable import DumpDirectory

private final class Flag: Sendable {
  let isSet = Mutex(false)
}

@Suite("Writing dumps of a store")
struct DumperTests {
  @Test("lets requests during a dump share the next one, which contains every earlier change")
  func coalescing() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root)
      let dumps = try await withThrowingTaskGroup(of: (asked: Int, dump: Dumper.Dump).self) { group in
        for number in 0..<40 {
          try setup.add("u\(number)")
          let count = setup.store.snapshot().count
          group.addTask { (count, try await setup.dump()) }
        }
        var dumps: [(asked: Int, dump: Dumper.Dump)] = []
        for try await dump in group { dumps.append(dump) }
        return dumps
      }
      for (asked, dump) in dumps { #expect(dump.written.summary.records >= asked) }
      let written = names(in: root.appending(path: "generated")).count
      #expect(Set(dumps.map(\.dump.written.path)).count == written)
      #expect(written < 40)
    }
  }

  @Test("gives way to calls, but for the last dump")
  func priority() async throws {
    try await withTemporaryDirectory { root in
      let found = Lock<[Int32]>([])
      let files = HookedOperations { operation in
        if operation.contains("sync") { found.withLock { $0.append(SystemThread.niceness) } }
      }
      let setup = try StoreWithDumps(root, files: files)
      _ = try await setup.dump()
      let low = max(SystemThread.lowPriority, SystemThread.niceness)
      #expect(found.withLock { $0.contains(low) })
      found.withLock { $0 = [] }
      try setup.add("a")
      _ = try await setup.dumper.dumpLast(to: setup.directory.location, reason: "test") {}
      #expect(found.withLock { !$0.isEmpty && $0.allSatisfy { $0 < low || low == SystemThread.niceness } })
    }
  }

  @Test("shows whether there is a change that no dump of the directory holds")
  func changes() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root)
      #expect(await setup.dumper.isChanged)
      _ = try await setup.dump()
      #expect(await !setup.dumper.isChanged)
      try setup.add("a")
      #expect(await setup.dumper.isChanged)
      // A start does not read directories inside the dump directory.
      let below = DumpLocation(directory: setup.directory.location.directory + "/sub", stem: "x")
      _ = try await setup.dumper.dump(to: below, reason: "test")
      #expect(await setup.dumper.isChanged)
      // A start does not read dumps of another stem either.
      let beside = DumpLocation(directory: setup.directory.location.directory, stem: "d-d")
      _ = try await setup.dumper.dump(to: beside, reason: "test")
      #expect(await setup.dumper.isChanged)
      await setup.dumper.markSaved(in: Dumper.Origin(path: "d.bin", createdAt: ""))
      #expect(await !setup.dumper.isChanged)
    }
  }

  @Test("ends changes with the snapshot of the last dump: a later commit is refused, an earlier one is in the dump")
  func lastDump() async throws {
    try await withTemporaryDirectory { root in
      let isClosed = Mutex(false)
      let late = Mutex<[Bool]>([])
      let store = Mutex<DocumentStore?>(nil)
      struct Closed: Error {}
      let change = { @Sendable (name: String) throws in
        _ = try store.withLock { $0 }?.write(
          permit: { () throws(any Error) in if isClosed.withLock({ $0 }) { throw Closed() } }
        ) { (tx) throws(any Error) in
          _ = try tx.insert(["name": .string(name)], into: "users")
        }
      }
      // A request that is being handled commits while the dump is written, after its snapshot.
      let files = HookedOperations { operation in
        guard operation == "fsync", store.withLock({ $0 }) != nil else { return }
        let isRefused = (try? change("late")) == nil
        late.withLock { $0.append(isRefused) }
      }
      let setup = try StoreWithDumps(root, files: files)
      store.withLock { $0 = setup.store }
      try change("early")
      let dump = try await setup.dumper.dumpLast(to: setup.directory.location, reason: "test") {
        isClosed.withLock { $0 = true }
      }
      #expect(late.withLock { $0 }.contains(true))
      #expect(!late.withLock { $0 }.contains(false))
      #expect(throws: Closed.self) { try change("later") }
      guard case .restored(let restored, _) = try setup.ladder().restoreNewest() else {
        Issue.record("nothing restored")
        return
      }
      #expect(restored.path == dump.written.path)
      #expect(setup.store.snapshot().count == restored.documents)
    }
  }

  @Test("includes all changes in a shared last dump, whichever request leads it")
  func lastDumpShared() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root)
      let flag = Flag()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<20 {
          try setup.add("u\(number)")
          group.addTask {
            if number == 10 {
              _ = try await setup.dumper.dumpLast(to: setup.directory.location, reason: "last") {
                flag.isSet.withLock { $0 = true }
              }
            } else {
              _ = try await setup.dump()
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(flag.isSet.withLock { $0 })
      #expect(await setup.dumper.unsavedChanges == 0)
    }
  }

  @Test("counts the clients' changes that no dump holds")
  func unsaved() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root)
      try setup.add("admin")
      await setup.dumper.countChanges()
      #expect(await setup.dumper.unsavedChanges == 0)
      for name in ["a", "b"] { try setup.add(name) }
      #expect(await setup.dumper.unsavedChanges == 2)
      try setup.add("the gateway's own")
      await setup.dumper.discountChange()
      #expect(await setup.dumper.unsavedChanges == 2)
      let path = try await setup.dumper.keepDeposed()
      #expect(path.hasPrefix(setup.directory.location.directory + "/deposed/d-"))
      #expect(await setup.dumper.unsavedChanges == 2, "no start finds it there")
      guard case .nothingThere = try setup.ladder().restoreNewest() else {
        Issue.record("a start would take the dump of a deposed task")
        return
      }
      #expect(try setup.ladder().load(path).documents == 4)
      _ = try await setup.dump()
      #expect(await setup.dumper.unsavedChanges == 0)
    }
  }

  @Test("continues after a failure, and does not use its number again")
  func failure() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root)
      let nowhere = DumpLocation(directory: "/proc/none", stem: "x")
      await #expect(throws: DumpDirectoryError.self) { try await setup.dumper.dump(to: nowhere, reason: "test") }
      #expect(try await setup.dump().sequence == 2)
    }
  }
}
