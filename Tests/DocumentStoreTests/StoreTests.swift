import JSON
import Testing

@testable import DocumentStore

@Suite("The document store")
struct StoreTests {
  private let users = CollectionSchema("users", unique: [["name"]], orders: [.field("name")])

  @Test("finds by equality, alternatives, members of arrays and dotted paths, with and without an index")
  func filters() throws {
    let store = DocumentStore(schemas: [users])
    try store.write { (tx) throws(StoreError) in
      for number in 0..<20 {
        _ = try tx.insert(
          [
            "name": .string("u\(number)"), "n": .integer(number % 5), "tags": .strings(["t\(number % 3)"]),
            "deep": ["list": [.integer(number)]],
          ], into: "users")
      }
    }
    let found = { (filter: Filter) in store.snapshot().find(in: "users", filter).compactMap { $0.string("name") } }
    #expect(found(.equals("n", 3)) == ["u3", "u8", "u13", "u18"])
    #expect(found(.isOneOf("name", ["u7", "u2", "none"])) == ["u2", "u7"])
    #expect(found(.any([.equals("name", "u9"), .equals("deep.list.0", 4)])) == ["u4", "u9"])
    #expect(found(.all([.contains("tags", "t1"), .equals("n", 4)])) == ["u4", "u19"])
    #expect(found(.all([.fields(["name": "u5"]), .equals("n", 1)])) == [])
    #expect(found(.equals("missing", .null)) == [])
    #expect(store.snapshot().first(in: "users", .fields(["name": "u11"]))?.value("deep.list.0") == 11)
    #expect(store.snapshot().find(in: "nowhere", .everything).isEmpty)
  }

  @Test("finds through an index the document that a scan would find first, whatever its text is")
  func firstByField() throws {
    let schema = CollectionSchema("c", unique: [["name"]], secondary: [["team"]])
    let texts = ["plain", "Jürgen \"Müller\" 😀", "line\nend\ttab", "back\\slash", "", "e\u{301}", "é", "\u{1}"]
    // Neither the first collection nor the only one.
    let store = DocumentStore(schemas: [users, schema])
    try store.write { tx in
      for (number, text) in texts.enumerated() {
        let team = JSONValue.string(texts[number / 2])
        try tx.insert(["name": .string(text), "team": team, "seat": team, "n": .integer(number)], into: "c")
      }
      #expect(tx.first(in: "c", where: "name", is: "plain") != nil)
      #expect(tx.first(in: "users", where: "name", is: "plain") == nil)
      #expect(tx.first(in: "nowhere", where: "name", is: "plain") == nil)
      try tx.insert(["name": 1, "team": .null, "n": 99], into: "c")
    }
    for round in 0..<2 {
      let snapshot = store.snapshot()
      for text in texts + ["1", "null", "missing"] {
        for field in ["name", "team", "seat"] {
          let filter = Filter.fields(KeyValuePairs(dictionaryLiteral: (field, text)))
          let scanned = snapshot.find(in: "c", .everything).first { $0.string(field)?.hasSameBytes(as: text) == true }
          let found = snapshot.first(in: "c", filter)
          #expect(found?.bytes == scanned?.bytes, "\(field) \(text.debugDescription) \(round)")
          let direct = snapshot.first(in: "c", where: field, is: text)
          #expect(direct?.bytes == scanned?.bytes, "\(field) \(text.debugDescription) \(round)")
        }
      }
      // The first document of a team goes, so its second one is found.
      _ = store.write { tx in tx.delete(from: "c", .isOneOf("n", [0, 2, 4, 6])) }
    }
  }

  @Test("uses an index if all of its fields must equal strings")
  func planning() throws {
    var collection = DocumentCollection(schema: CollectionSchema("c", unique: [["a", "b"]], secondary: [["s"]]))
    for number in 0..<10 {
      _ = try collection.insert(Document(["_id": .string("\(number)"), "a": "x", "b": .string("\(number)"), "s": "y"]))
    }
    let candidates = { (filter: Filter) in filter.candidates(in: collection)?.count }
    #expect(candidates(.fields(["a": "x", "b": "3"])) == 1)
    #expect(candidates(.all([.equals("a", "x"), .all([.equals("b", "3"), .equals("z", 1)])])) == 1)
    #expect(candidates(.fields(["s": "y"])) == 10)
    #expect(candidates(.isOneOf("_id", ["1", "2", "99"])) == 2)
    #expect(candidates(.any([.fields(["_id": "1"]), .fields(["a": "x", "b": "2"])])) == 2)
    #expect(candidates(.any([.fields(["_id": "1"]), .equals("z", "2")])) == nil)
    #expect(candidates(.fields(["a": "x"])) == nil)
  }

  @Test("makes a transaction's changes visible together, or none of them")
  func transactions() throws {
    struct Stop: Error {}
    let store = DocumentStore(schemas: [users])
    let before = store.snapshot()
    #expect(throws: Stop.self) {
      try store.write { tx in
        try tx.insert(["name": "a"], into: "users")
        try tx.insert(["x": 1], into: "others")
        #expect(tx.count(in: "users") == 1)
        throw Stop()
      }
    }
    #expect(store.snapshot().sequence == before.sequence)
    #expect(store.snapshot().count == 0)
    try store.write { (tx) throws(StoreError) in
      _ = try tx.insert(["name": "a"], into: "users")
      _ = try tx.insert(["x": 1], into: "others")
    }
    #expect(store.snapshot().count == 2)
    #expect(before.count == 0)
    #expect(store.snapshot().collections == ["users", "others"])
  }

  @Test("refuses a second document with the same key and names the key")
  func uniqueness() throws {
    let store = DocumentStore(schemas: [users])
    let insert = { (document: JSONObject) throws in
      _ = try store.write { (tx) throws(StoreError) in try tx.insert(document, into: "users") }
    }
    try insert(["name": "a", "_id": "1"])
    #expect(throws: StoreError.duplicateKey(collection: "users", fields: ["name"])) { try insert(["name": "a"]) }
    #expect(throws: StoreError.duplicateKey(collection: "users", fields: ["_id"])) {
      try insert(["name": "b", "_id": "1"])
    }
    try insert(["name": "e\u{301}"])
    try insert(["name": "é"])
    try insert(["name": 7])
    try insert(["name": 7])
  }

  @Test("counts a commit only when something changed")
  func sequence() throws {
    let store = DocumentStore(schemas: [users])
    try store.write { (tx) throws(StoreError) in _ = try tx.insert(["name": "a", "n": 1], into: "users") }
    let sequence = store.snapshot().sequence
    let set = { (value: JSONValue) throws in
      _ = try store.write { (tx) throws(StoreError) in try tx.update(in: "users", .everything, [.set("n", value)]) }
    }
    try set(1)
    #expect(store.write { $0.delete(from: "users", .fields(["name": "none"])) }.value == 0)
    #expect(store.snapshot().sequence == sequence)
    try set(2)
    #expect(store.snapshot().sequence == sequence + 1)
  }

  @Test("never changes an identifier, and keeps unknown fields")
  func identity() throws {
    let store = DocumentStore(schemas: [users])
    let inserted = try store.write { (tx) throws(StoreError) in
      try tx.insert(["name": "a", "x-unknown": [half, .null, "é"]], into: "users")
    }.value
    #expect(inserted["_id"]?.string?.count == 36)
    #expect(throws: StoreError.identifierChanged(collection: "users")) {
      try store.write { (tx) throws(StoreError) in _ = try tx.update(in: "users", .everything, [.set("_id", "other")]) }
    }
    try store.write { (tx) throws(StoreError) in _ = try tx.update(in: "users", .everything, [.set("name", "b")]) }
    let document = store.snapshot().first(in: "users", .fields(["name": "b"]))
    #expect(document?.object["x-unknown"] == inserted["x-unknown"])
    #expect(document?.id == inserted["_id"]?.string)
  }

  @Test("refuses an update that can't be applied, and leaves the document unchanged")
  func misfit() throws {
    let store = DocumentStore(schemas: [users])
    try store.write { (tx) throws(StoreError) in _ = try tx.insert(["name": "a", "n": "text"], into: "users") }
    #expect(throws: StoreError.self) {
      try store.write { (tx) throws(StoreError) in
        _ = try tx.update(in: "users", .everything, [.set("m", 1), .increment("n", JSONNumber(1))])
      }
    }
    #expect(store.snapshot().first(in: "users", .everything)?.value("m") == nil)
  }
}

/// A number that is not an integer.
private let half: JSONValue = JSONNumber(0.5).map(JSONValue.number) ?? .null
