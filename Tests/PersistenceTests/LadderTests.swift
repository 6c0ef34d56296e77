import Clocks
import DocumentStore
import DumpFormat
import Foundation
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
