import HashTreeCollections
import JSON

/// The fields of an index. An object, so that a copy of the index costs one reference for all of it.
final class IndexDefinition: Sendable {
  let fields: [String]
  let isUnique: Bool
  /// The fields as they stand between the quotes of a compact document.
  fileprivate let keys: [[UInt8]]

  init(fields: [String], isUnique: Bool) {
    self.fields = fields
    self.isUnique = isUnique
    keys = fields.map(JSONWriter.content(of:))
  }

  /// Whether there is a value for each field of the index.
  func serves(_ values: some Collection<(key: String, value: String)>) -> Bool {
    fields.allSatisfy { field in values.contains { $0.key.hasSameBytes(as: field) } }
  }
}

/// Finds rows by the values of one or more string fields.
///
/// The index keeps a 64-bit hash and a row for each document, not the values. A caller compares the candidates with the
/// documents' bytes. Each process seeds the hash anew, so a client cannot choose values that collide.
///
/// An index that was loaded has its entries in a flat table, which never changes. The hashes whose rows changed since
/// are in a persistent tree, with all of their rows.
struct HashIndex: Sendable {
  let definition: IndexDefinition
  private var base: FlatIndex?
  /// The rows of hashes that the flat table has not, or not so. No rows hide those of the table.
  private var rows = TreeDictionary<UInt64, RowSet?>()

  init(_ definition: IndexDefinition) { self.definition = definition }

  var fields: [String] { definition.fields }
  var isUnique: Bool { definition.isUnique }

  /// The rows whose documents may have these values. The caller compares the values, since hashes can collide.
  ///
  /// - Parameter values: they serve the index.
  func candidates(_ values: some Collection<(key: String, value: String)>) -> RowSet? {
    var hasher = Hasher()
    for field in fields {
      guard let value = values.first(where: { $0.key.hasSameBytes(as: field) })?.value else { return nil }
      JSONWriter.withContent(of: value) { Self.combine($0, into: &hasher) }
    }
    return present(Self.finish(hasher))
  }

  /// The first document, by its row, that has a value in the index's only field; `nil` when there is none.
  func first(_ value: String, in documents: RowTrie) -> Document? {
    JSONWriter.withContent(of: value) { expected in
      var hasher = Hasher()
      Self.combine(expected, into: &hasher)
      guard let rows = present(Self.finish(hasher)) else { return nil }
      if case .one(let row) = rows { return document(row, of: expected, in: documents) }
      return rows.sorted.lazy.compactMap { document($0, of: expected, in: documents) }.first
    }
  }

  /// The document of a row, if it has this value in the index's only field.
  private func document(_ row: Row, of value: UnsafeRawBufferPointer, in documents: RowTrie) -> Document? {
    guard let document = documents[row], document.holds(value, in: definition.keys[0]) else { return nil }
    return document
  }

  /// The row of another document with the same values, or `nil` when there is none.
  func conflict(of document: Document, except row: Row?, in documents: RowTrie) -> Row? {
    guard let hash = hash(of: document), let rows = present(hash) else { return nil }
    return rows.first { other in
      other != row && documents[other].map { hasSameValues($0, document) } == true
    }
  }

  /// Adds a document.
  mutating func insert(_ row: Row, _ document: Document) {
    guard let hash = hash(of: document) else { return }
    insert(row, hash)
  }

  mutating func remove(_ row: Row, _ document: Document) {
    guard let hash = hash(of: document), let before = present(hash) else { return }
    let after = before.removing(row)
    if after != nil || base?.rows(of: hash) != nil {
      rows.updateValue(after, forKey: hash)
    } else {
      rows.removeValue(forKey: hash)
    }
  }

  /// Adds the documents of a dump to an empty index.
  ///
  /// - Returns: the rows whose values are those of an earlier row, when the index is unique.
  mutating func fill(_ entries: FlatIndex.Entries, in documents: RowTrie) -> [Row] {
    var repeated: [Row] = []
    func compare(_ earlier: Row, _ later: Row) {
      guard isUnique, repeated.last != later, let first = documents[earlier], let second = documents[later] else {
        return
      }
      if hasSameValues(first, second) { repeated.append(later) }
    }
    if let base = FlatIndex(entries) {
      if isUnique { base.forEachPair(compare) }
      self.base = base
      return repeated
    }
    for (hash, row) in zip(entries.hashes, entries.rows) {
      if isUnique,
        let earlier = present(hash)?.first(where: { other in
          documents[other].flatMap { first in documents[row].map { hasSameValues(first, $0) } } == true
        })
      {
        compare(earlier, row)
      }
      insert(row, hash)
    }
    return repeated
  }

  /// The rows of a hash, or `nil` when there are none.
  private func present(_ hash: UInt64) -> RowSet? {
    if !rows.isEmpty, let changed = rows[hash] { changed } else { base?.rows(of: hash) }
  }

  private mutating func insert(_ row: Row, _ hash: UInt64) {
    if rows[hash] == nil, let before = base?.rows(of: hash) { rows[hash] = .some(before) }
    rows.updateValue(forKey: hash, default: .some(.one(row))) { present in
      if present?.insert(row) == nil { present = .one(row) }
    }
  }

  func hasSameValues(_ left: Document, _ right: Document) -> Bool {
    definition.keys.allSatisfy { key in
      left.withStringContent(of: key) { left in
        right.withStringContent(of: key) { right in
          switch (left, right) {
          case (let left?, let right?): left.elementsEqual(right)
          case (nil, nil): true
          default: false
          }
        }
      }
    }
  }

  /// The hash of the document's values, or `nil` when a field is missing or is not a string. Such a document is not in
  /// the index.
  func hash(of document: Document) -> UInt64? {
    var hasher = Hasher()
    for key in definition.keys {
      let isString = document.withStringContent(of: key) { content in
        if let content { Self.combine(content, into: &hasher) }
        return content != nil
      }
      guard isString else { return nil }
    }
    return Self.finish(hasher)
  }

  private static func combine(_ content: UnsafeRawBufferPointer, into hasher: inout Hasher) {
    hasher.combine(content.count)
    hasher.combine(bytes: content)
  }

  private static func finish(_ hasher: Hasher) -> UInt64 {
    UInt64(bitPattern: Int64(hasher.finalize()))
  }
}
