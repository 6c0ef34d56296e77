import JSON

/// The documents of one collection that differ between two snapshots.
package struct CollectionComparison: Sendable {
  /// The collection's name.
  package let collection: String
  /// The documents that only the first snapshot has, in its order.
  package fileprivate(set) var removed: [Document] = []
  /// The documents that both have with other contents, in the first one's order.
  package fileprivate(set) var changed: [(before: Document, after: Document)] = []
  /// The documents that only the second snapshot has, in its order.
  package fileprivate(set) var added: [Document] = []

  /// Whether nothing differs.
  package var isEmpty: Bool { removed.isEmpty && changed.isEmpty && added.isEmpty }
}

extension Snapshot {
  /// Compares the documents of two snapshots, which may come from different dumps.
  ///
  /// Two documents are versions of one if they have the same `_id`, or else the same values in the first unique fields
  /// of their collection: such a document was deleted and created again. The order of documents, and of members in
  /// them, makes no difference.
  ///
  /// - Returns: the collections that differ, in the order of this snapshot, and then those that only the other has.
  package func comparison(with other: Snapshot) -> [CollectionComparison] {
    let own = collections
    let added = other.collections.filter { !own.containsBytes(of: $0) }
    return (own + added).compactMap { name in
      let comparison = Self.compare(name, version.table[name], other.version.table[name])
      return comparison.isEmpty ? nil : comparison
    }
  }

  private static func compare(
    _ name: String, _ before: DocumentCollection?, _ after: DocumentCollection?
  ) -> CollectionComparison {
    var comparison = CollectionComparison(collection: name)
    guard let before else {
      after?.forEach { comparison.added.append($1) }
      return comparison
    }
    guard let after else {
      before.forEach { comparison.removed.append($1) }
      return comparison
    }
    var pairing = Pairing(after)
    var open = before.documentsWithoutTwin(&pairing)
    for pair in [Pairing.identifier, before.schema.unique.first].compactMap(\.self) {
      open = open.filter { document in
        guard let other = pairing.take(document, by: pair) else { return true }
        if !document.hasSameContent(as: other) { comparison.changed.append((document, other)) }
        return false
      }
    }
    comparison.removed = pairing.withoutSame(open)
    comparison.added = pairing.rest
    return comparison
  }
}

extension LoadedCollections {
  /// The loaded contents as a snapshot.
  package var snapshot: Snapshot { Snapshot(version: StoreVersion(sequence: 0, table: table)) }
}

extension DocumentCollection {
  /// The documents without an equal one at the expected row of the other collection. Between two dumps of one gateway
  /// most documents stay as they are, and rows move together when a document before them is deleted.
  fileprivate func documentsWithoutTwin(_ pairing: inout Pairing) -> [Document] {
    var open: [Document] = []
    var shift = 0
    forEach { row, document in
      if pairing.take(document, atRow: Int(row) + shift) { return }
      guard let found = pairing.row(of: document, by: Pairing.identifier) else { return open.append(document) }
      shift = found - Int(row)
      if !pairing.take(document, atRow: found) { open.append(document) }
    }
    return open
  }
}

/// The documents of a collection that have no partner yet.
private struct Pairing {
  static let identifier = [DocumentCollection.identifier]

  private let collection: DocumentCollection
  private var isTaken: [Bool]

  init(_ collection: DocumentCollection) {
    self.collection = collection
    isTaken = Array(repeating: false, count: collection.rowBound)
  }

  /// Takes the document of a row if it is the same byte for byte.
  mutating func take(_ document: Document, atRow row: Int) -> Bool {
    guard isTaken.indices.contains(row), !isTaken[row], collection[Row(row)]?.bytes == document.bytes else {
      return false
    }
    isTaken[row] = true
    return true
  }

  /// Takes a document with the same strings in some fields.
  mutating func take(_ document: Document, by fields: [String]) -> Document? {
    guard let row = row(of: document, by: fields) else { return nil }
    isTaken[row] = true
    return collection[Row(row)]
  }

  /// The row of a document with the same strings in some fields that has no partner, at best an equal one.
  func row(of document: Document, by fields: [String]) -> Int? {
    var values: [(key: String, value: String)] = []
    for field in fields {
      guard let value = document.string(field) else { return nil }
      values.append((field, value))
    }
    guard let candidates = collection.candidates(values) else { return nil }
    let rows = candidates.filter { row in
      !isTaken[Int(row)] && values.allSatisfy { collection[row]?.holds($0.value, inField: $0.key) == true }
    }
    // A field that should be unique may repeat in a dump of another program.
    return (rows.first { collection[$0]?.bytes == document.bytes } ?? rows.first).map(Int.init)
  }

  /// Takes the documents that are equal to those of a list, which no field tells apart.
  ///
  /// - Returns: those of the list without an equal one.
  mutating func withoutSame(_ documents: [Document]) -> [Document] {
    guard !documents.isEmpty else { return [] }
    var rows: [[UInt8]: [Int]] = [:]
    for row in isTaken.indices.reversed() where !isTaken[row] {
      if let bytes = collection[Row(row)]?.bytes { rows[bytes, default: []].append(row) }
    }
    return documents.filter { document in
      guard let row = rows[document.bytes]?.popLast() else { return true }
      isTaken[row] = true
      return false
    }
  }

  /// The documents without a partner.
  var rest: [Document] { isTaken.indices.compactMap { isTaken[$0] ? nil : collection[Row($0)] } }
}

extension Document {
  /// Whether two documents have the same members, in any order.
  fileprivate func hasSameContent(as other: Document) -> Bool { bytes == other.bytes || object == other.object }
}
