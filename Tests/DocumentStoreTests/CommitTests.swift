import DocumentStore
import JSON
import Testing
import Threads

/// A copy of the store that is built from commits alone: each document's bytes by collection and `_id`.
private final class Mirror: Sendable {
  private struct State {
    var documents: [String: [UInt8]] = [:]
    var sequences: [UInt64] = []
    var faults: [String] = []
  }

  private let state = Lock(State())

  func take(_ commit: Commit) {
    state.withLock { state in
      state.sequences.append(commit.sequence)
      guard case .documents(let changes) = commit.scope else { return }
      for change in changes {
        let key = "\(change.collection)/\(change.id ?? "none")"
        if state.documents[key] != change.before?.bytes { state.faults.append("\(key): not what was before") }
        state.documents[key] = change.after?.bytes
      }
    }
  }

  var documents: [String: [UInt8]] { state.withLock { $0.documents } }
  var sequences: [UInt64] { state.withLock { $0.sequences } }
  var faults: [String] { state.withLock { $0.faults } }
}

@Suite("Commits")
struct CommitTests {
  private let store = DocumentStore(schemas: [
    CollectionSchema("users", unique: [["name"]]), CollectionSchema("groups"),
  ])

  private func changes(_ body: (inout Transaction) throws(StoreError) -> Void) throws -> [Change]? {
    let result = try store.write { (transaction) throws(StoreError) in try body(&transaction) }
    return result.commit.flatMap { commit in
      if case .documents(let changes) = commit.scope { changes } else { nil }
    }
  }

  @Test("name each changed document with its bytes before and after")
  func contents() throws {
    let inserted = try #require(
      changes { (tx) throws(StoreError) in _ = try tx.insert(["_id": "1", "name": "Jörg \"J\""], into: "users") })
    #expect(inserted.map(\.collection) == ["users"])
    #expect(inserted.map(\.id) == ["1"])
    #expect(inserted[0].before == nil)
    #expect(inserted[0].after?.object == ["_id": "1", "name": "Jörg \"J\""])

    let updated = try #require(
      changes { (tx) throws(StoreError) in _ = try tx.update(in: "users", .everything, [.set("name", "b\n")]) })
    #expect(updated[0].before?.bytes == inserted[0].after?.bytes)
    #expect(updated[0].after?.string("name") == "b\n")

    let deleted = try #require(changes { (tx) throws(StoreError) in _ = tx.delete(from: "users", .everything) })
    #expect(deleted.map(\.id) == ["1"])
    #expect(deleted[0].before?.bytes == updated[0].after?.bytes)
    #expect(deleted[0].after == nil)
  }

  @Test("hold one change for each document, however often the transaction changed it")
  func net() throws {
    let changes = try #require(
      changes { (tx) throws(StoreError) in
        _ = try tx.insert(["_id": "1", "name": "a"], into: "users")
        _ = try tx.insert(["_id": "2", "name": "b"], into: "users")
        _ = try tx.update(in: "users", .fields(["_id": "1"]), [.set("name", "c")])
        _ = try tx.insert(["_id": "3", "name": "d"], into: "new")
        _ = tx.delete(from: "users", .fields(["_id": "2"]))
      })
    #expect(changes.map { "\($0.collection)/\($0.id ?? "")" } == ["users/1", "new/3"])
    #expect(changes[0].before == nil && changes[0].after?.string("name") == "c")
  }

  @Test("are not made by a transaction that fails or changes nothing")
  func nothing() throws {
    let mirror = Mirror()
    try store.write { (tx) throws(StoreError) in _ = try tx.insert(["_id": "1", "name": "a"], into: "users") }
    #expect(store.subscribe { mirror.take($0) }.sequence == 1)
    let undone = try changes { (tx) throws(StoreError) in
      _ = try tx.update(in: "users", .everything, [.set("name", "b")])
      _ = try tx.update(in: "users", .everything, [.set("name", "a")])
      _ = try tx.insert(["_id": "2", "name": "b"], into: "users")
      _ = tx.delete(from: "users", .fields(["_id": "2"]))
    }
    #expect(undone == nil)
    #expect(throws: StoreError.self) {
      try store.write { (tx) throws(StoreError) in
        _ = try tx.insert(["_id": "3"], into: "users")
        _ = try tx.insert(["_id": "3"], into: "users")
      }
    }
    #expect(throws: StoreError.identifierChanged(collection: "x")) {
      try store.write(permit: { () throws(StoreError) in throw .identifierChanged(collection: "x") }) {
        (tx) throws(StoreError) in _ = try tx.insert(["_id": "4"], into: "users")
      }
    }
    #expect(store.snapshot().sequence == 1)
    #expect(mirror.sequences.isEmpty)
  }

  @Test("say that everything changed when the contents are replaced")
  func replacement() {
    let mirror = Mirror()
    _ = store.subscribe { mirror.take($0) }
    let commit = store.replaceAll(with: CollectionLoader(schemas: []).finish()) { _, _ in }
    guard case .everything = commit.scope else {
      Issue.record("\(commit.scope)")
      return
    }
    #expect(mirror.sequences == [1] && commit.sequence == 1)
    #expect(commit.snapshot.collections.isEmpty)
  }

  @Test("reach subscribers in order and without gaps, and suffice to rebuild the store", arguments: 0..<4)
  func mirror(seed: UInt64) async throws {
    let mirror = Mirror()
    _ = store.subscribe { mirror.take($0) }
    let store = store
    await withTaskGroup(of: Void.self) { group in
      for writer in 0..<4 {
        group.addTask {
          var generator = SeededGenerator(seed: seed << 8 + UInt64(writer))
          for _ in 0..<200 {
            let steps = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
              (kind: Int.random(in: 0..<4, using: &generator), id: "\(Int.random(in: 0..<30, using: &generator))")
            }
            // A step that fails ends the transaction without an effect.
            _ = try? store.write { (tx) throws(StoreError) in
              for (kind, id) in steps {
                switch kind {
                case 0, 1: try tx.insert(["_id": .string(id), "writer": .string("\(writer)")], into: "users")
                case 2: try tx.update(in: "users", .fields(["_id": id]), [.increment("n", JSONNumber(1))])
                default: tx.delete(from: "users", .fields(["_id": id]))
                }
              }
            }
          }
        }
      }
    }
    let snapshot = store.snapshot()
    #expect(mirror.faults == [])
    #expect(mirror.sequences == Array(1...snapshot.sequence))
    let documents = snapshot.find(in: "users", .everything).map { ("users/\($0.id ?? "")", $0.bytes) }
    #expect(mirror.documents == Dictionary(uniqueKeysWithValues: documents))
  }
}
