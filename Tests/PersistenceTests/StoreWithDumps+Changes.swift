import DocumentStore
import DumpFormat
import JSON
import Persistence
import Testing

extension StoreWithDumps {
  /// Documents by collection, in the order of dumps.
  typealias Contents = [String: [String]]

  /// The store's documents.
  var contents: Contents { Self.contents(store) }

  static func contents(_ store: DocumentStore) -> Contents {
    let snapshot = store.snapshot()
    var all: Contents = [:]
    for name in snapshot.collections {
      var documents: [String] = []
      snapshot.forEachDocument(in: name) { documents.append(String(decoding: $0, as: UTF8.self)) }
      if !documents.isEmpty { all[name] = documents }
    }
    return all
  }

  /// A comparison whose failure does not print all documents.
  static func isEqual(_ left: Contents?, _ right: Contents?) -> Bool { left == right }

  /// Begins as a start does.
  ///
  /// - Returns: the commits that were made again.
  @discardableResult
  func start(epoch: Int) throws -> Int {
    var commits = 0
    switch try ladder().restoreNewest() {
    case .nothingThere: journal?.begin(with: .empty)
    case .restored(let restored, _):
      take(restored)
      commits = restored.replay?.commits ?? 0
    case let other: Issue.record("the start ends with \(other)")
    }
    journal?.activate(epoch: epoch)
    return commits
  }

  /// Puts a restored state in place, from which the journal goes on.
  func take(_ restored: Ladder.Restored) {
    journal?.note(restored.replay)
    Journal.$installedState.withValue(restored.replay?.end) {
      _ = store.replaceAll(with: restored.contents) { _, _ in }
    }
  }

  /// Makes a change, and waits until it is acknowledged.
  func write(_ body: (inout Transaction) throws(StoreError) -> Void) async throws {
    let result = try store.write { (transaction) throws(StoreError) in try body(&transaction) }
    if let commit = result.commit { try await journal?.append(commit) }
  }

  /// Makes a random change.
  func change(using generator: inout some RandomNumberGenerator) async throws {
    let name = "n\(Int.random(in: 0..<40, using: &generator))"
    let collection = ["users", "empty", "unknown ü"].randomElement(using: &generator) ?? "users"
    let kind = Int.random(in: 0..<10, using: &generator)
    let value = JSONValue.string("v\(generator.next())\"\n")
    try await write { (transaction) throws(StoreError) in
      switch kind {
      case 0..<5:
        if transaction.find(in: collection, .fields(["name": name])).isEmpty {
          try transaction.insert(["name": .string(name), "v": value], into: collection)
        }
      case 5..<7: try transaction.update(in: collection, .fields(["name": name]), [.set(FieldPath(field: "v"), value)])
      case 7: transaction.delete(from: collection, .fields(["name": name]))
      case 8: try transaction.update(in: collection, .everything, [.set(FieldPath(field: "w"), value)])
      default: transaction.delete(from: collection, .everything)
      }
    }
  }
}
