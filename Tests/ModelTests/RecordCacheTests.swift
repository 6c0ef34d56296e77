import DocumentStore
import JSON
import Model
import Testing

@Suite("A cache of records")
struct RecordCacheTests {
  private func document(_ name: String, in test: TestModel) throws -> Document {
    try #require(test.store.snapshot().first(in: Collections.users, .fields(["username": name])))
  }

  @Test("decodes a document once, and again when it changes")
  func once() throws {
    let test = try TestModel([(Collections.users, ["username": "u", "role": "a"])])
    let cache = RecordCache<UserRecord>(capacity: 10)
    let old = try document("u", in: test)
    for _ in 0..<5 { #expect(cache.record("u", of: try document("u", in: test)).role == "a") }
    #expect(cache.decodings == 1)
    try test.insert(["username": "v"], into: Collections.users)
    #expect(cache.record("u", of: try document("u", in: test)).role == "a")
    #expect(cache.decodings == 1)
    try test.set(["role": "b"], of: .fields(["username": "u"]), in: Collections.users)
    for _ in 0..<5 { #expect(cache.record("u", of: try document("u", in: test)).role == "b") }
    #expect(cache.decodings == 2)
    // A reader of an older snapshot gets the record of its own document.
    #expect(cache.record("u", of: old).role == "a")
  }

  @Test("keeps no more than its capacity, and those that are asked for again")
  func bounds() throws {
    let test = try TestModel()
    let cache = RecordCache<UserRecord>(capacity: 20)
    try test.insert(["username": "often"], into: Collections.users)
    for number in 0..<200 {
      let name = "user\(number)"
      try test.insert(["username": .string(name)], into: Collections.users)
      #expect(cache.record(name, of: try document(name, in: test)).username == name)
      #expect(cache.record("often", of: try document("often", in: test)).username == "often")
      #expect(cache.count <= 20)
    }
    #expect(cache.decodings == 201)
  }
}
