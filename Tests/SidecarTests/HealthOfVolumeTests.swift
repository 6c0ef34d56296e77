import Clocks
import DumpDirectory
import DumpFormat
import Foundation
import TestSupport
import Testing
import Threads

@testable import Sidecar

@Suite("The health check's look at the volume")
struct HealthOfVolumeTests {
  private static let over = Deadline(in: .zero)

  @Test("ends behind the newest dump when there is no time, and finds no fault in what it did not see")
  func noTime() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let fixture = try JournalFixture(in: root)
      for number in 1...3 { try fixture.dump(number, at: number * 100) }
      let start = try fixture.journal(6, .ownDump, at: 310)
      try fixture.journal(7, start, at: 320, closes: false)
      // Nobody looked whether it is missing.
      try FileManager.default.removeItem(atPath: fixture.path(6))
      let found = try Health.Found(fixture.volume, until: Self.over)
      #expect(found.dumps.map { $0.entry.order?.sequence } == [3])
      #expect(found.journals.isEmpty && found.gap == nil)
      #expect(Health(.done(found), maximumAge: nil, now: JournalFixture.begun).isWell)
      let all = try Health.Found(fixture.volume, until: .never)
      #expect(all.dumps.count == 3 && all.journals.count == 1 && all.gap != nil)
    }
  }

  @Test("is at the journals that the newest verified dump does not cover, and at no others")
  func journals() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let fixture = try JournalFixture(in: root)
      var start = try fixture.journal(0, .empty, at: 0)
      try fixture.dump(1, at: 100)
      start = try fixture.journal(1, start, at: 110)
      start = try fixture.journal(0, epoch: 2, start, at: 120)
      try fixture.journal(0, epoch: 3, start, at: 130, closes: false)
      var found = try Health.Found(fixture.volume, until: .never)
      #expect(found.dumps.map(\.isGood) == [true])
      #expect(found.journals.map(\.name) == ["d.journal-1-1", "d.journal-2-0", "d.journal-3-0"])
      #expect(found.gap == nil)
      var asked = 0
      let part = try fixture.volume.neededJournals(beside: found.dumps) {
        asked += 1
        return asked > 2
      }
      #expect(part.journals.map(\.name) == ["d.journal-2-0", "d.journal-3-0"] && !part.areAll)
      try FileManager.default.removeItem(atPath: fixture.path(0, epoch: 2))
      found = try Health.Found(fixture.volume, until: .never)
      #expect(found.gap == "the changes in journal 3-0 can't be restored, because journal 2-0 is missing")
      #expect(!Health(.done(found), maximumAge: nil, now: JournalFixture.begun).isWell)
    }
  }
}
