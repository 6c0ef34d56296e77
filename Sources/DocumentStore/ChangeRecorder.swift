/// Records what a transaction does to each document, and reduces it to one change for each document.
struct ChangeRecorder: Sendable {
  private struct DocumentKey: Hashable {
    let collection: Int
    let row: Row
  }

  private struct Record {
    let key: DocumentKey
    let before: Document?
    var after: Document?
  }

  private var records: [Record] = []

  /// Records one step. A transaction can take several steps with one document.
  mutating func note(collection: Int, row: Row, before: Document?, after: Document?) {
    records.append(Record(key: DocumentKey(collection: collection, row: row), before: before, after: after))
  }

  /// The net changes, in the order of each document's first step. A document that ends as it began is left out.
  func changes(in table: CollectionTable) -> [Change] {
    let merged = records.count > 1 ? self.merged : records
    return merged.compactMap { record in
      guard record.before?.bytes != record.after?.bytes else { return nil }
      return Change(
        collection: table[record.key.collection].schema.name, before: record.before, after: record.after)
    }
  }

  private var merged: [Record] {
    var merged: [Record] = []
    var indexes: [DocumentKey: Int] = [:]
    for record in records {
      if let index = indexes[record.key] {
        merged[index].after = record.after
      } else {
        indexes[record.key] = merged.count
        merged.append(record)
      }
    }
    return merged
  }
}
