import DocumentStore
import JSON
import Testing

@Suite("The document store, against a naive model")
struct NaiveModelTests {
  private static let names = [
    "a", "b", "ab", "é", "e\u{301}", "\"q\"", "back\\slash", "\u{1}", "tab\t", "😀", "A", "", "zz", "a\nb", "a\"", "a!",
  ]

  @Test("holds the same documents in the same orders after any operations", arguments: 0..<24)
  func operations(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let store = DocumentStore(schemas: [NaiveModel.schema])
    var model = NaiveModel()
    var kept: [(snapshot: Snapshot, documents: [JSONObject])] = []
    for step in 0..<300 {
      switch Int.random(in: 0..<10, using: &generator) {
      case 0..<5:
        let document = Self.document("id\(step)", using: &generator)
        let isTaken = model.insert(document)
        #expect(
          isTaken
            == Self.succeeds {
              try store.write { (tx) throws(StoreError) in _ = try tx.insert(document, into: "things") }
            })
      case 5..<7:
        guard let old = model.documents.randomElement(using: &generator), let id = old["_id"]?.string else { continue }
        let document = Self.document(id, using: &generator)
        let isTaken = model.replace(id, with: document)
        #expect(
          isTaken
            == Self.succeeds {
              try store.write { (tx) throws(StoreError) in
                _ = try tx.replace(in: "things", .fields(["_id": id]), with: document)
              }
            })
      case 7..<9:
        guard let id = model.documents.randomElement(using: &generator)?["_id"]?.string else { continue }
        model.remove(id)
        #expect(store.write { $0.delete(from: "things", .fields(["_id": id])) }.value == 1)
      default:
        kept.append((store.snapshot(), model.documents))
      }
      if step % 20 == 0 { try Self.compare(store.snapshot(), model, using: &generator) }
    }
    try Self.compare(store.snapshot(), model, using: &generator)
    for (snapshot, documents) in kept {
      #expect(snapshot.find(in: "things", .everything).map(\.object) == documents)
    }
  }

  private static func compare(_ snapshot: Snapshot, _ model: NaiveModel, using generator: inout SeededGenerator) throws
  {
    #expect(snapshot.find(in: "things", .everything).map(\.object) == model.documents)
    for name in names {
      #expect(snapshot.find(in: "things", .fields(["name": name])).map(\.object) == model.find("name", .string(name)))
    }
    for group in ["g0", "g1", "g2", "g3"] {
      #expect(
        snapshot.find(in: "things", .fields(["group": group])).map(\.object) == model.find("group", .string(group)))
    }
    let hidden = model.documents.filter { _ in Int.random(in: 0..<8, using: &generator) == 0 }.compactMap { $0["_id"] }
    let isVisible = { (document: JSONObject) in !hidden.contains(document["_id"] ?? .null) }
    for (order, all) in [(CollectionSchema.Order.field("name"), model.byName), (.insertion, model.documents)] {
      let visible = all.filter(isVisible)
      for _ in 0..<4 {
        let offset = Int.random(in: 0...(visible.count + 2), using: &generator)
        let limit = Int.random(in: 1...7, using: &generator)
        let page = snapshot.page(of: "things", by: order, offset: offset, limit: limit, hiding: .isOneOf("_id", hidden))
        #expect(page.total == visible.count)
        #expect(page.documents.map(\.object) == Array(visible.dropFirst(offset).prefix(limit)))
      }
    }
  }

  private static func document(_ id: String, using generator: inout SeededGenerator) -> JSONObject {
    var document: JSONObject = ["_id": .string(id)]
    if Int.random(in: 0..<8, using: &generator) > 0 {
      document["name"] = .string(
        (names.randomElement(using: &generator) ?? "") + "\(Int.random(in: 0..<3, using: &generator))")
    }
    document["kind"] = .string("k\(Int.random(in: 0..<3, using: &generator))")
    document["label"] =
      Bool.random(using: &generator) ? .integer(3) : .string("l\(Int.random(in: 0..<90, using: &generator))")
    document["group"] = .string("g\(Int.random(in: 0..<4, using: &generator))")
    return document
  }

  private static func succeeds(_ body: () throws -> Void) -> Bool {
    do {
      try body()
      return true
    } catch {
      return false
    }
  }
}
