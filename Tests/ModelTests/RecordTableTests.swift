import DocumentStore
import JSON
import Model
import Synchronization
import Testing

@Suite("A table of records")
struct RecordTableTests {
  private func table(after body: (TestModel) throws -> Void) throws -> RecordTable<APIRecord> {
    let test = try TestModel()
    var table = RecordTable<APIRecord>(in: test.store.snapshot())
    let commits = Commits()
    _ = test.store.subscribe { commits.add($0) }
    try body(test)
    for commit in commits.all {
      if case .documents(let changes) = commit.scope { table.apply(changes, in: commit.snapshot) }
    }
    return table
  }

  private func api(_ name: String, _ version: String = "v1", servers: [String] = []) -> JSONObject {
    ["api_name": .string(name), "api_version": .string(version), "api_servers": .strings(servers)]
  }

  @Test("follows inserts, changes and deletes, and decodes each change once")
  func changes() throws {
    let table = try table { test in
      try test.insert(api("a"), into: Collections.apis)
      try test.insert(api("b", servers: ["http://one"]), into: Collections.apis)
      try test.insert(["group_name": "a"], into: Collections.groups)
      try test.set(["api_servers": ["http://two"]], of: .fields(["api_name": "b"]), in: Collections.apis)
      try test.delete(.fields(["api_name": "a"]), from: Collections.apis)
    }
    #expect(table.count == 1)
    #expect(table["b", "v1"]?.servers == ["http://two"])
    #expect(table["a", "v1"] == nil)
    #expect(table["b", "v2"] == nil)
    #expect(table.decodings == 3)
  }

  @Test("finds a record by its new key alone when its key changes")
  func keys() throws {
    let table = try table { test in
      try test.insert(api("a"), into: Collections.apis)
      try test.set(["api_name": "z"], of: .fields(["api_name": "a"]), in: Collections.apis)
    }
    #expect(table["a", "v1"] == nil)
    #expect(table["z", "v1"]?.name == "z")
    #expect(table.count == 1)
  }

  @Test("has the document that the store would find of several with one key")
  func duplicates() throws {
    let test = try TestModel()
    let documents = ["one", "two"].map { text -> JSONObject in
      ["_id": .string(text), "api_name": "a", "api_version": "v1", "api_description": .string(text)]
    }
    try test.replaceAll(
      documents.map { (Collections.apis, $0) } + [(Collections.apis, ["api_name": "nameless"] as JSONObject)])
    var table = RecordTable<APIRecord>(in: test.store.snapshot())
    #expect(table.count == 1)
    #expect(table["a", "v1"]?.description == APIRecord.find("a", "v1", in: test.store.snapshot())?.description)
    for id in ["one", "two"] {
      let result = try test.store.write { (transaction) throws(StoreError) in
        transaction.delete(from: Collections.apis, .fields(["_id": id]))
      }
      guard let commit = result.commit, case .documents(let changes) = commit.scope else {
        Issue.record("nothing was deleted")
        return
      }
      table.apply(changes, in: commit.snapshot)
      #expect(table["a", "v1"]?.description == APIRecord.find("a", "v1", in: commit.snapshot)?.description)
    }
    #expect(table.count == 0)
  }

  @Test("tells keys apart by their bytes, and by where one field ends and the next begins")
  func bytes() throws {
    let table = try table { test in
      for (name, version) in [("r\u{E9}", "1"), ("re\u{301}", "1"), ("ab", "c"), ("a", "bc")] {
        try test.insert(api(name, version), into: Collections.apis)
      }
    }
    #expect(table.count == 4)
    #expect(table["re\u{301}", "1"]?.name.unicodeScalars.count == 3)
    #expect(table["a", "bc"]?.name == "a")
  }
}

/// Gathers commits of a store.
private final class Commits: Sendable {
  private let list = Mutex([Commit]())

  var all: [Commit] { list.withLock { $0 } }

  func add(_ commit: Commit) { list.withLock { $0.append(commit) } }
}
