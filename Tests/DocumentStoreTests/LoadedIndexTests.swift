import DocumentStore
import JSON
import Testing

@Suite("The indexes of a loaded store")
struct LoadedIndexTests {
  private static let schemas = [
    CollectionSchema("users", unique: [["name"]], secondary: [["group"], ["team", "group"]], orders: [.field("name")])
  ]

  private static let structure: [UInt8] = [0x22, 0x5C, 0x7B, 0x7D, 0x2C, 0x3A, 0x75, 0]

  private static func document(_ number: Int, _ group: Int) -> JSONObject {
    ["_id": .string("i\(number)"), "name": .string("n\(number)"), "group": .string("g\(group)"), "team": "t"]
  }

  /// - Parameter count: below and above the number from which threads make the indexes.
  @Test("find what those of a filled store find, also after changes", arguments: [0, 1, 5, 300, 12_000])
  func changes(count: Int) throws {
    var generator = SeededGenerator(seed: UInt64(count))
    var loader = CollectionLoader(schemas: Self.schemas)
    let (loaded, filled) = (DocumentStore(schemas: Self.schemas), DocumentStore(schemas: Self.schemas))
    let documents = (0..<count).map { Self.document($0, Int.random(in: 0..<max(1, $0 / 3), using: &generator)) }
    for batch in stride(from: 0, to: count, by: 1000) {
      var prepared = PreparedDocuments(loader.plan["users"], capacity: 1000)
      for object in documents[batch..<min(count, batch + 1000)] {
        JSONWriter.bytes(object).withUnsafeBytes { prepared.append(canonical: $0) }
      }
      loader.append(prepared, to: "users")
    }
    let contents = loader.finish()
    #expect(contents.conflicts.isEmpty)
    loaded.replaceAll(with: contents) { _, _ in }
    try filled.write { (tx) throws(StoreError) in for object in documents { _ = try tx.insert(object, into: "users") } }
    for round in 0..<200 {
      let (number, group) = (Int.random(in: 0...count, using: &generator), Int.random(in: 0...9, using: &generator))
      let kind = Int.random(in: 0..<3, using: &generator)
      var outcomes: [String] = []
      for store in [loaded, filled] {
        do throws(StoreError) {
          try store.write { (tx) throws(StoreError) in
            switch kind {
            case 0: outcomes.append("\(tx.delete(from: "users", .fields(["name": "n\(number)"])))")
            case 1:
              _ = try tx.insert(Self.document(number, group), into: "users")
              outcomes.append("inserted")
            default:
              let filter = Filter.fields(["_id": "i\(number)"])
              outcomes.append("\(try tx.update(in: "users", filter, [.set("group", .string("g\(group)"))]))")
            }
          }
        } catch {
          outcomes.append("\(error)")
        }
      }
      #expect(outcomes.count == 2 && outcomes[0] == outcomes[1], "round \(round): \(outcomes)")
      for filter in [
        Filter.fields(["name": "n\(number)"]), .fields(["_id": "i\(number)"]),
        .fields(["group": "g\(group)"]), .fields(["team": "t", "group": "g\(group)"]),
      ] {
        let found = [loaded, filled].map { $0.snapshot().find(in: "users", filter).map(\.bytes) }
        #expect(found[0] == found[1], "round \(round)")
      }
    }
    let pages = [loaded, filled].map {
      $0.snapshot().page(of: "users", by: .field("name"), offset: count / 2, limit: 20).documents.map(\.bytes)
    }
    #expect(pages[0] == pages[1])
  }

  @Test("keep documents whose bytes are no JSON without harm, though nothing is found in them")
  func garbage() throws {
    var generator = SeededGenerator(seed: 7)
    var loader = CollectionLoader(schemas: Self.schemas)
    var prepared = PreparedDocuments(loader.plan["users"])
    let whole = JSONWriter.bytes(Self.document(1, 1))
    for _ in 0..<3000 {
      var bytes = whole
      for _ in 0...Int.random(in: 0..<4, using: &generator) {
        let byte = Self.structure[Int.random(in: 0..<Self.structure.count, using: &generator)]
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = byte
      }
      bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator))
      bytes.withUnsafeBytes { prepared.append(canonical: $0) }
    }
    loader.append(prepared, to: "users")
    let store = DocumentStore(schemas: Self.schemas)
    store.replaceAll(with: loader.finish()) { _, _ in }
    let snapshot = store.snapshot()
    for document in snapshot.find(in: "users", .everything) {
      _ = document.object
      _ = document.string("name")
    }
    #expect(snapshot.find(in: "users", .everything).count == 3000)
    #expect(snapshot.page(of: "users", by: .field("name"), offset: 0, limit: 3000).documents.count == 3000)
  }
}
