import DocumentStore
import JSON
import Testing

@Suite("Loading a store")
struct LoaderTests {
  private let schemas = [CollectionSchema("users", unique: [["name"]], orders: [.field("name"), .insertion])]

  private func append(_ text: String, to collection: String, of loader: inout CollectionLoader) throws {
    try Array(text.utf8).withUnsafeBytes { try loader.append($0, to: collection) }
  }

  @Test("keeps compact JSON unchanged and rewrites other JSON")
  func bytes() throws {
    var loader = CollectionLoader(schemas: schemas)
    let compact = #"{"_id":"1","name":"b","n":1.50,"big":123456789012345678901}"#
    try append(compact, to: "users", of: &loader)
    try append(#" { "_id" : "2", "name":"\u00e9" , "x": NaN } "#, to: "users", of: &loader)
    loader.begin("empty")
    let store = DocumentStore(schemas: schemas)
    let loaded = loader.finish()
    #expect(loaded.counts.map(\.name) == ["users", "empty"])
    store.replaceAll(with: loaded) { _, _ in }
    let documents = store.snapshot().find(in: "users", .everything)
    #expect(String(decoding: documents[0].bytes, as: UTF8.self) == compact)
    #expect(String(decoding: documents[1].bytes, as: UTF8.self) == #"{"_id":"2","name":"é","x":null}"#)
    #expect(store.snapshot().first(in: "users", .fields(["name": "é"]))?.id == "2")
  }

  @Test(
    "gives each document its one spelling, whoever wrote it",
    arguments: [
      (#"{"_id":"1","name":"a\"b\nc\td\\"}"#, #"{"_id":"1","name":"a\"b\nc\td\\"}"#),
      (#"{"_id":"1","name":"Jürgen 😀"}"#, #"{"_id":"1","name":"Jürgen 😀"}"#),
      (#"{"_id": "1", "name": "J\u00fcrgen \ud83d\ude00"}"#, #"{"_id":"1","name":"Jürgen 😀"}"#),
      (#"{"_id":"1","name":"\ud83d"}"#, #"{"_id":"1","name":"\#u{FFFD}"}"#),
      (#"{"_id":"0","name":"x","_id":"1"}"#, #"{"_id":"1","name":"x"}"#),
      (#"{"_id":"0","n\u0061me":"x","_i\u0064":"1","name":[NaN]}"#, #"{"_id":"1","name":[null]}"#),
    ])
  func spelling(text: String, spelling: String) throws {
    var loader = CollectionLoader(schemas: schemas)
    try append(text, to: "users", of: &loader)
    let store = DocumentStore(schemas: schemas)
    let loaded = loader.finish()
    store.replaceAll(with: loaded) { _, _ in }
    let document = try #require(store.snapshot().first(in: "users", .fields(["_id": "1"])))
    #expect(String(decoding: document.bytes, as: UTF8.self) == spelling)
    #expect(document.bytes == JSONWriter.bytes(document.object))
  }

  @Test("distinguishes collections whose names differ only in their bytes")
  func names() throws {
    let names = ["caf\u{E9}", "cafe\u{301}", "K", "\u{212A}"]
    var loader = CollectionLoader(schemas: schemas + [CollectionSchema(names[0]), CollectionSchema(names[1])])
    for (number, name) in names.enumerated() { try append("{\"_id\":\"\(number)\"}", to: name, of: &loader) }
    let loaded = loader.finish()
    #expect(loaded.counts.map { UTF8Key($0.name) } == (["users"] + names).map { UTF8Key($0) })
    let store = DocumentStore(schemas: schemas)
    try store.replaceAll(with: loaded) { (tx, _) throws(StoreError) in
      for name in names { _ = try tx.insert(["_id": "more"], into: name) }
    }
    try store.write { (tx) throws(StoreError) in
      for name in ["n\u{F1}", "nn\u{303}"] { _ = try tx.insert(["_id": "a"], into: name) }
    }
    let snapshot = store.snapshot()
    for (number, name) in names.enumerated() {
      #expect(snapshot.find(in: name, .everything).compactMap(\.id) == ["\(number)", "more"])
    }
    #expect(snapshot.collections.count == 1 + names.count + 2)
  }

  @Test("keeps every document when a unique value occurs twice, and reports the conflict")
  func conflicts() throws {
    var loader = CollectionLoader(schemas: schemas)
    for id in 1...3 { try append("{\"_id\":\"\(id)\",\"name\":\"same\"}", to: "users", of: &loader) }
    let store = DocumentStore(schemas: schemas)
    let loaded = loader.finish()
    #expect(loaded.conflicts == [UTF8Key("users: name"): 2])
    store.replaceAll(with: loaded) { _, _ in }
    #expect(store.snapshot().find(in: "users", .fields(["name": "same"])).count == 3)
    #expect(store.write { $0.delete(from: "users", .fields(["_id": "2"])) }.value == 1)
    #expect(store.snapshot().find(in: "users", .fields(["name": "same"])).compactMap(\.id) == ["1", "3"])
  }

  @Test("does not take quadratic time when many documents share a value", .timeLimit(.minutes(20)))
  func manyConflicts() throws {
    var loader = CollectionLoader(schemas: schemas)
    for id in 0..<30_000 { try append("{\"_id\":\"\(id)\",\"name\":\"\"}", to: "users", of: &loader) }
    #expect(loader.finish().conflicts == [UTF8Key("users: name"): 29_999])
  }

  @Test("refuses bytes that are not one JSON object", arguments: ["[1]", "{", "{\"a\":}", "nope", "{} {}"])
  func malformed(text: String) {
    var loader = CollectionLoader(schemas: schemas)
    #expect(throws: JSONError.self) { try append(text, to: "users", of: &loader) }
  }

  @Test("sorts in the same order as single insertions", arguments: [0, 1, 63, 64, 65, 1000, 5000])
  func orders(count: Int) throws {
    var loader = CollectionLoader(schemas: schemas)
    var generator = SeededGenerator(seed: UInt64(count))
    let names = (0..<count).map { "n\($0)" }.shuffled(using: &generator)
    for name in names { try append("{\"_id\":\"\(name)\",\"name\":\"\(name)\"}", to: "users", of: &loader) }
    let store = DocumentStore(schemas: schemas)
    let loaded = loader.finish()
    store.replaceAll(with: loaded) { _, _ in }
    let sorted = names.sorted { $0.precedesByBytes($1) }
    for offset in stride(from: 0, through: count, by: max(1, count / 7)) {
      let page = store.snapshot().page(of: "users", by: .field("name"), offset: offset, limit: 5)
      #expect(page.documents.compactMap { $0.string("name") } == Array(sorted.dropFirst(offset).prefix(5)))
    }
  }

  @Test("keeps a collection that no schema declares")
  func undeclared() throws {
    let store = DocumentStore(schemas: [])
    try store.write { (tx) throws(StoreError) in
      for name in ["b", "c", "a"] { _ = try tx.insert(["_id": .string(name)], into: "new") }
    }
    let list = { (order: CollectionSchema.Order) in
      store.snapshot().page(of: "new", by: order, offset: 1, limit: 5).documents.compactMap(\.id)
    }
    #expect(list(.insertion) == ["c", "a"])
    #expect(list(.field("_id")) == ["b", "c"])
  }

  @Test("replaces everything in one step, together with the caller's changes")
  func replacement() throws {
    let store = DocumentStore(schemas: schemas)
    try store.write { (tx) throws(StoreError) in _ = try tx.insert(["name": "old"], into: "users") }
    let before = store.snapshot()
    var loader = CollectionLoader(schemas: schemas)
    try append(#"{"_id":"1","name":"new"}"#, to: "users", of: &loader)
    let loaded = loader.finish()
    try store.replaceAll(with: loaded) { (tx, previous) throws(StoreError) in
      #expect(previous.count(in: "users") == 1)
      _ = try tx.insert(["name": "added"], into: "users")
    }
    #expect(store.snapshot().find(in: "users", .everything).compactMap { $0.string("name") } == ["new", "added"])
    #expect(before.find(in: "users", .everything).compactMap { $0.string("name") } == ["old"])
    #expect(store.snapshot().sequence == before.sequence + 1)
  }
}
