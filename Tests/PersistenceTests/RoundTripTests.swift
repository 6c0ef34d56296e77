import DocumentStore
import DumpFormat
import Foundation
import JSON
import Persistence
import TestSupport
import Testing

@testable import DumpDirectory

@Suite("A dump that is written and loaded")
struct RoundTripTests {
  @Test("has the same documents, byte for byte")
  func roundTrip() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root)
      for number in 0..<100 { try setup.add("user\(number)") }
      let dump = try await setup.dump()
      #expect(dump.written.summary.createdAt == "2026-11-23T20:11:37.454068Z")
      #expect(dump.written.summary.records == 100)
      guard case .restored(let restored, let passedOver) = try setup.ladder().restoreNewest() else {
        Issue.record("nothing restored")
        return
      }
      #expect(passedOver.isEmpty)
      let other = DocumentStore(schemas: StoreWithDumps.schemas)
      other.replaceAll(with: restored.contents) { _, _ in }
      let documents = { (store: DocumentStore) in store.snapshot().find(in: "users", .everything).map(\.bytes) }
      #expect(documents(other) == documents(setup.store))
      #expect(other.snapshot().collections == ["users", "empty"])
    }
  }

  @Test("keeps collection names, keys and values that differ only in their Unicode spelling")
  func alike() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root)
      let names = ["caf\u{E9}", "cafe\u{301}", "\u{1}195.169.", "\u{E9}"]
      let fields = (0..<20).map { ("k\($0)", JSONValue.integer($0)) } + names.map { ($0, .string($0)) }
      try setup.store.write { (tx) throws(StoreError) in
        for name in names {
          for value in names { _ = try tx.insert(JSONObject([("_id", .string(value))] + fields), into: name) }
        }
        for name in names { _ = try tx.insert(["name": .string(name)], into: "users") }
      }
      let dump = try await setup.dump()
      let restored = try setup.ladder().load(dump.written.path)
      #expect(restored.summary?.counts == dump.written.summary.counts)
      #expect(restored.conflicts.isEmpty)
      let other = DocumentStore(schemas: StoreWithDumps.schemas)
      other.replaceAll(with: restored.contents) { _, _ in }
      let (before, after) = (setup.store.snapshot(), other.snapshot())
      #expect(after.collections.map { UTF8Key($0) } == before.collections.map { UTF8Key($0) })
      for name in ["users"] + names {
        let documents = { (snapshot: Snapshot) in snapshot.find(in: name, .everything).map(\.bytes) }
        #expect(documents(after) == documents(before))
        #expect(after.find(in: name, .everything).count == names.count)
      }
    }
  }

  @Test("can contain a document of the greatest depth, despite the small stack of the restoring thread")
  func depth() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root)
      let deep = String(repeating: "{\"a\":", count: 511) + "1" + String(repeating: "}", count: 511)
      let value = try JSONParser(maximumDepth: 512).parse(deep)
      try setup.store.write { (tx) throws(StoreError) in
        _ = try tx.insert(["_id": "1", "deep": value], into: "users")
      }
      let dump = try await setup.dump()
      let restored = try await Restorer(setup.ladder()).load(dump.written.path)
      #expect(restored.documents == 1)
    }
  }
}
