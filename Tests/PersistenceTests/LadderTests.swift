import DumpFormat
import Foundation
import Persistence
import TestSupport
import Testing

@testable import DumpDirectory

@Suite("The choice of the dump to start with")
struct LadderTests {
  @Test("passes over damaged dumps, gives the reasons, and leaves the files")
  func ladder() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root)
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

  @Test("distinguishes an empty directory from one whose dumps can't be loaded")
  func outcomes() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root)
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
}
