import DocumentStore
import DumpFormat
import Foundation
import JSON
import Persistence
import TestSupport
import Testing

@Suite("A long journal")
struct JournalLengthTests {
  @Test("calls for a dump from 64 MiB on, with which a short one begins")
  func long() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root, journal: .always)
      let journal = try #require(setup.journal)
      func add(_ name: String) async throws {
        try await setup.write { (transaction) throws(StoreError) in
          try transaction.insert(["name": .string(name)], into: "users")
        }
      }
      try setup.start(epoch: 1)
      try await add("one")
      #expect(!journal.isLong)
      let first = try #require(journal.newest)
      journal.note(newest: (number: first.number, bytes: 64 << 20))
      #expect(!journal.isLong)
      journal.note(newest: (number: first.number, bytes: (64 << 20) + 1))
      #expect(journal.isLong)
      _ = try await setup.dump()
      try await add("two")
      #expect(!journal.isLong)
      #expect(journal.newest?.number == JournalNumber(epoch: 1, sequence: 1))
    }
  }
}
