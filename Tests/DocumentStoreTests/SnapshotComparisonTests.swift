import DocumentStore
import JSON
import Testing

@Suite("A comparison of two snapshots")
struct SnapshotComparisonTests {
  private static let schemas = [
    CollectionSchema("users", unique: [["name"], ["email"]]), CollectionSchema("notes"),
    CollectionSchema("pairs", unique: [["a", "b"]]),
  ]

  private static func snapshot(_ contents: [(String, [String])]) throws -> Snapshot {
    var loader = CollectionLoader(schemas: schemas)
    for (name, documents) in contents {
      loader.begin(name)
      for text in documents { try Array(text.utf8).withUnsafeBytes { try loader.append($0, to: name) } }
    }
    return loader.finish().snapshot
  }

  /// The differences as texts: `-` removed, `~` changed, `+` added.
  private static func compare(_ before: [(String, [String])], _ after: [(String, [String])]) throws -> [String] {
    try snapshot(before).comparison(with: snapshot(after)).flatMap { part in
      let text = { (document: Document) in String(decoding: document.bytes, as: UTF8.self) }
      return part.removed.map { "\(part.collection) -\(text($0))" }
        + part.changed.map { "\(part.collection) ~\(text($0.before))\(text($0.after))" }
        + part.added.map { "\(part.collection) +\(text($0))" }
    }
  }

  @Test("finds nothing between equal ones, whatever the order of documents and members is")
  func same() throws {
    let one = #"{"_id":"1","name":"a","n":1}"#
    let two = #"{"_id":"2","name":"b"}"#
    #expect(try Self.compare([("users", [one, two])], [("users", [one, two])]) == [])
    #expect(try Self.compare([("users", [one, two])], [("users", [two, #"{"n":1.0,"_id":"1","name":"a"}"#])]) == [])
    #expect(try Self.compare([("users", [])], []) == [] && Self.compare([], [("other", [])]) == [])
  }

  @Test("finds documents that came, went and changed, behind others that went")
  func changes() throws {
    let before = (0..<9).map { #"{"_id":"\#($0)","name":"n\#($0)"}"# }
    var after = before
    after.remove(at: 7)
    after[4] = #"{"_id":"4","name":"n4","x":true}"#
    after.remove(at: 0)
    after.append(#"{"_id":"9","name":"n9"}"#)
    #expect(
      try Self.compare([("users", before)], [("users", after)]) == [
        #"users -{"_id":"0","name":"n0"}"#, #"users -{"_id":"7","name":"n7"}"#,
        #"users ~{"_id":"4","name":"n4"}{"_id":"4","name":"n4","x":true}"#, #"users +{"_id":"9","name":"n9"}"#,
      ])
  }

  @Test("takes a document with another _id and the same unique fields for the same, but the _id goes first")
  func partners() throws {
    #expect(
      try Self.compare(
        [("users", [#"{"_id":"1","name":"a"}"#]), ("pairs", [#"{"_id":"1","a":"x","b":"y"}"#])],
        [("users", [#"{"_id":"2","name":"a"}"#]), ("pairs", [#"{"_id":"2","a":"x","b":"z"}"#])]
      ) == [
        #"users ~{"_id":"1","name":"a"}{"_id":"2","name":"a"}"#, #"pairs -{"_id":"1","a":"x","b":"y"}"#,
        #"pairs +{"_id":"2","a":"x","b":"z"}"#,
      ])
    // "a" became "b", and there is a new "a".
    #expect(
      try Self.compare(
        [("users", [#"{"_id":"1","name":"a"}"#])],
        [("users", [#"{"_id":"2","name":"a"}"#, #"{"_id":"1","name":"b"}"#])]
      ) == [#"users ~{"_id":"1","name":"a"}{"_id":"1","name":"b"}"#, #"users +{"_id":"2","name":"a"}"#])
  }

  @Test("counts documents without an _id, and those that repeat one")
  func repeated() throws {
    #expect(
      try Self.compare([("notes", [#"{"t":1}"#, #"{"t":1}"#, #"{"t":2}"#])], [("notes", [#"{"t":2}"#, #"{"t":1}"#])])
        == [#"notes -{"t":1}"#])
    #expect(
      try Self.compare(
        [("notes", [#"{"_id":"1","t":1}"#])], [("notes", [#"{"_id":"1","t":2}"#, #"{"_id":"1","t":1}"#])])
        == [#"notes +{"_id":"1","t":2}"#])
  }

  @Test("has collections that only one of them has, and compares keys by their bytes")
  func collections() throws {
    #expect(
      try Self.compare([("x", ["{}"])], [("y", ["{}"])]) == ["x -{}", "y +{}"])
    let (composed, decomposed) = (#"{"_id":"\#u{E9}"}"#, #"{"_id":"e\#u{301}"}"#)
    #expect(try Self.compare([("notes", [composed])], [("notes", [decomposed])]).count == 2)
  }

  @Test("agrees with a comparison of sets, for random states")
  func random() throws {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      let state = { (generator: inout SystemRandomNumberGenerator) in
        (0..<Int.random(in: 0...40, using: &generator)).compactMap { number -> (Int, Int)? in
          Bool.random(using: &generator) ? (number, Int.random(in: 0...1, using: &generator)) : nil
        }.shuffled(using: &generator)
      }
      let (before, after) = (state(&generator), state(&generator))
      let text = { (state: [(Int, Int)]) in state.map { #"{"_id":"\#($0.0)","v":\#($0.1)}"# } }
      let found = try Self.compare([("notes", text(before))], [("notes", text(after))])
      let (old, new) = (Dictionary(uniqueKeysWithValues: before), Dictionary(uniqueKeysWithValues: after))
      let expected =
        old.map { number, value in
          guard let other = new[number] else { return #"notes -{"_id":"\#(number)","v":\#(value)}"# }
          return other == value
            ? "" : #"notes ~{"_id":"\#(number)","v":\#(value)}{"_id":"\#(number)","v":\#(other)}"#
        } + new.filter { old[$0.key] == nil }.map { #"notes +{"_id":"\#($0.key)","v":\#($0.value)}"# }
      #expect(found.sorted() == expected.filter { !$0.isEmpty }.sorted())
    }
  }
}
