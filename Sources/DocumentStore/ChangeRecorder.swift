/// Collects what a transaction does to each document, and reduces it to one change a document.
struct ChangeRecorder: Sendable {
  private struct Place: Hashable {
    let collection: Int
    let row: Row
  }

  private struct Record {
    let place: Place
    let before: Document?
    var after: Document?
  }

  private var records: [Record] = []

  /// Notes one step. A document can have several steps in one transaction.
  mutating func note(collection: Int, row: Row, before: Document?, after: Document?) {
    records.append(Record(place: Place(collection: collection, row: row), before: before, after: after))
  }

  /// The net changes in the order of each document's first step. A document that is as it was before is left out.
  func changes(in table: CollectionTable) -> [Change] {
    let merged = records.count > 1 ? self.merged : records
    return merged.compactMap { record in
      guard record.before?.bytes != record.after?.bytes else { return nil }
      return Change(
        collection: table[record.place.collection].schema.name, before: record.before, after: record.after)
    }
  }

  private var merged: [Record] {
    var merged: [Record] = []
    var indexes: [Place: Int] = [:]
    for record in records {
      if let index = indexes[record.place] {
        merged[index].after = record.after
      } else {
        indexes[record.place] = merged.count
        merged.append(record)
      }
    }
    return merged
  }
}
