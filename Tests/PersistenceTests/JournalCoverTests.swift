import Clocks
import DocumentStore
import DumpDirectory
import DumpFormat
import JSON
import TestSupport
import Testing

@testable import Persistence

@Suite("A dump of another program beside journals")
struct JournalCoverTests {
  private func add(_ setup: StoreWithDumps, _ name: String) async throws {
    let result = try setup.store.write { (transaction) throws(StoreError) in
      try transaction.insert(["name": .string(name)], into: "users")
    }
    try await setup.journal?.append(try #require(result.commit))
  }

  /// As Doorman writes one: without an order, and later than all others.
  private func writeForeign(_ setup: StoreWithDumps) throws {
    let clock = WallClock { .init(seconds: 1_795_470_000, microseconds: 0) }
    let job = DumpJob(directory: setup.directory, keyring: setup.keyring, format: .dmp1, clock: clock)
    _ = try job.write(DocumentStore(schemas: StoreWithDumps.schemas).snapshot(), to: setup.directory.location)
  }

  @Test("is taken only when no journal has changes that dumps lack, unless less is allowed")
  func doorman() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root, journal: .always)
      setup.journal?.begin(with: .empty)
      setup.journal?.activate(epoch: 1)
      try await add(setup, "one")
      _ = try await setup.dump()
      try await add(setup, "two")
      try writeForeign(setup)
      guard case .blocked(let failure, _) = try setup.ladder().restoreNewest() else {
        Issue.record("an acknowledged change is lost")
        return
      }
      #expect(failure.path.hasSuffix(".journal-1-1") && failure.fault == .unloadable)
      guard case .restored(let less, let passedOver) = try setup.ladder().restoreNewest(allowsOlder: true) else {
        Issue.record("nothing is restored")
        return
      }
      #expect(less.documents == 0 && passedOver.count == 1)
      _ = try await setup.dump()
      guard case .restored(let whole, let passed) = try setup.ladder().restoreNewest() else {
        Issue.record("the dump of another program is not taken")
        return
      }
      #expect(whole.documents == 0 && passed.isEmpty)
    }
  }
}
