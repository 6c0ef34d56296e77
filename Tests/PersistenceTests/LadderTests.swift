import Clocks
import DocumentStore
import DumpFormat
import Foundation
import JSON
import Persistence
import TestSupport
import Testing

@testable import DumpDirectory

@Suite("The choice of the dump to start with")
struct LadderTests {
  @Test("passes over damaged dumps, gives the reasons, and leaves the files", arguments: DumpFormatName.allCases)
  func ladder(format: DumpFormatName) async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root, format: format)
      try setup.add("old")
      let good = try await setup.dump().written.path
      try setup.add("new")
      let bad = try await setup.dump().written.path
      let bytes = try Data(contentsOf: URL(filePath: bad))
      try bytes.dropLast(5).write(to: URL(filePath: bad))
      guard case .restored(let restored, let passedOver) = try setup.ladder().restoreNewest() else {
        Issue.record("nothing restored")
        return
      }
      #expect(restored.path == good)
      #expect(passedOver.map(\.path) == [bad])
      #expect(passedOver.first?.reason.contains("damaged") == true)
      #expect(try Data(contentsOf: URL(filePath: bad)) == bytes.dropLast(5))
    }
  }

  @Test("goes on from a late dump when the task that began anew made no change")
  func begunAnew() async throws {
    try await withTemporaryDirectory { root in
      func restored() throws -> (store: StoreWithDumps, passedOver: [Ladder.Failure]?) {
        let setup = try StoreWithDumps(root, journal: .always)
        guard case .restored(let restored, let passedOver) = try setup.ladder().restoreNewest() else {
          return (setup, nil)
        }
        setup.take(restored)
        return (setup, passedOver)
      }
      let late = try StoreWithDumps(root, journal: .always)
      try late.start(epoch: 1)
      // Another task found nothing, began its journal, and crashed. The first one did not see that its lease was lost.
      // Nobody was told that either's changes are kept, and a dump that was put back looks the same.
      let next = try WrittenJournal(beside: late, epoch: 2, adding: 0..<0)
      try await late.write { (transaction) throws(StoreError) in
        try transaction.insert(["name": "late"], into: "users")
      }
      let older = try await late.dump().written.path
      let path = try await late.dump().written.path
      #expect(try restored().passedOver?.isEmpty == true)
      try next.write(through: 0)
      let (store, passedOver) = try restored()
      #expect(passedOver?.isEmpty == true)
      #expect(store.contents.mapValues(\.count) == ["users": 1])
      store.journal?.activate(epoch: 3)
      try await store.write { (transaction) throws(StoreError) in
        try transaction.insert(["name": "new"], into: "users")
      }
      #expect(try restored().store.contents.mapValues(\.count) == ["users": 2])
      // Where a dump is damaged, another one may be missing.
      for journal in try store.directory.journals() where journal.number.epoch == 3 {
        try FileManager.default.removeItem(atPath: journal.path)
      }
      for damaged in [older, path] {
        try Data(contentsOf: URL(filePath: damaged)).dropLast(5).write(to: URL(filePath: damaged))
        #expect(try restored().passedOver == nil)
      }
    }
  }

  @Test("distinguishes an empty directory from one whose dumps can't be loaded", arguments: DumpFormatName.allCases)
  func outcomes(format: DumpFormatName) async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root, format: format)
      guard case .nothingThere = try setup.ladder().restoreNewest() else {
        Issue.record("something in an empty directory")
        return
      }
      _ = try await setup.dump()
      guard case .noneLoads(let failures) = try setup.ladder(DumpKeyring(sealing: DumpKey("wrong key"))).restoreNewest()
      else {
        Issue.record("a wrong key opened")
        return
      }
      #expect(failures.count == 1)
    }
  }

  @Test(
    "stops at a newer dump of another key, and passes over one of a known key whose bytes changed",
    arguments: DumpFormatName.allCases)
  func keys(format: DumpFormatName) async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root, format: format)
      try setup.add("old")
      let old = try await setup.dump().written.path
      try setup.add("new")
      let other = DumpKeyring(sealing: DumpKey("the key of another task, of 40 characters"))
      let clock = WallClock { .init(seconds: 1_795_464_700, microseconds: 0) }
      let job = DumpJob(directory: setup.directory, keyring: other, format: format, clock: clock)
      let new = try job.write(setup.store.snapshot(), to: setup.directory.location).path
      guard case .blocked(let failure, _) = try setup.ladder().restoreNewest() else {
        Issue.record("nothing stopped the start")
        return
      }
      #expect(failure.path == new && failure.fault == .noKey)
      let both = DumpKeyring(sealing: setup.keyring.sealing, older: [other.sealing])
      var bytes = try Data(contentsOf: URL(filePath: new))
      bytes[bytes.count - 20] ^= 1
      try bytes.write(to: URL(filePath: new))
      guard case .restored(let restored, let passedOver) = try setup.ladder(both).restoreNewest() else {
        Issue.record("nothing restored")
        return
      }
      #expect(restored.path == old && passedOver.map(\.fault) == [.damaged])
    }
  }
}
