import DocumentStore
import JSON
import Testing

@Suite("The document store under concurrent use")
struct ConcurrencyTests {
  @Test("shows every reader a state between transactions")
  func invariants() async throws {
    let store = DocumentStore(schemas: [
      CollectionSchema("accounts", unique: [["name"]]), CollectionSchema("apis", unique: [["name"]]),
      CollectionSchema("endpoints", secondary: [["api"]]),
    ])
    try store.write { (tx) throws(StoreError) in
      for name in ["a", "b", "c"] { _ = try tx.insert(["name": .string(name), "balance": 100], into: "accounts") }
    }
    let old = store.snapshot()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<3 {
        group.addTask {
          for round in 0..<300 {
            try transfer(
              in: store, from: ["a", "b", "c"][(writer + round) % 3], to: ["a", "b", "c"][(writer + round + 1) % 3])
            try toggleAPI(in: store, name: "api\(writer)")
          }
        }
      }
      for _ in 0..<3 {
        group.addTask {
          for _ in 0..<400 {
            let snapshot = store.snapshot()
            let balances = snapshot.find(in: "accounts", .everything).compactMap { $0.value("balance")?.number?.int }
            #expect(balances.reduce(0, +) == 300)
            for name in ["api0", "api1", "api2"] {
              let isThere = snapshot.first(in: "apis", .fields(["name": name])) != nil
              #expect(snapshot.count(in: "endpoints", .fields(["api": name])) == (isThere ? 5 : 0))
            }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(old.find(in: "accounts", .everything).allSatisfy { $0.value("balance") == 100 })
  }

  @Test("lets exactly one of two writers create the same key")
  func race() async throws {
    let store = DocumentStore(schemas: [CollectionSchema("users", unique: [["name"]])])
    for round in 0..<50 {
      let wins = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<4 {
          group.addTask {
            (try? store.write { (tx) throws(StoreError) in try tx.insert(["name": .string("u\(round)")], into: "users")
            }) != nil
          }
        }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(wins == 1)
    }
    #expect(store.snapshot().count(in: "users") == 50)
  }
}

private func transfer(in store: DocumentStore, from: String, to: String) throws {
  try store.write { (tx) throws(StoreError) in
    _ = try tx.update(in: "accounts", .fields(["name": from]), [.increment("balance", JSONNumber(-1))])
    _ = try tx.update(in: "accounts", .fields(["name": to]), [.increment("balance", JSONNumber(1))])
  }
}

private func toggleAPI(in store: DocumentStore, name: String) throws {
  try store.write { (tx) throws(StoreError) in
    if tx.delete(from: "apis", .fields(["name": name])) > 0 {
      tx.delete(from: "endpoints", .fields(["api": name]))
    } else {
      _ = try tx.insert(["name": .string(name)], into: "apis")
      for number in 0..<5 { _ = try tx.insert(["api": .string(name), "n": .integer(number)], into: "endpoints") }
    }
  }
}
