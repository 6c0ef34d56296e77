import HashTreeCollections
import JSON

/// Finds rows by the values of one or more string fields.
///
/// It keeps a 64-bit hash and a row for a document, not the values: candidates are compared with the documents' own
/// bytes. The hash is seeded anew in each process, so nobody can choose values that collide.
struct HashIndex: Sendable {
  let fields: [String]
  let isUnique: Bool
  private let keys: [[UInt8]]
  private var rows = TreeDictionary<UInt64, RowSet>()

  init(fields: [String], isUnique: Bool) {
    self.fields = fields
    self.isUnique = isUnique
    keys = fields.map(JSONWriter.content(of:))
  }

  /// Rows whose documents may have these values; to be compared with the documents.
  func candidates(_ values: [String]) -> RowSet? {
    var hasher = Hasher()
    for value in values {
      JSONWriter.content(of: value).withUnsafeBytes { Self.combine($0, into: &hasher) }
    }
    return rows[Self.finish(hasher)]
  }

  /// The row of another document that has the same values as this one.
  func conflict(of document: Document, except row: Row?, in documents: RowTrie) -> Row? {
    guard let hash = hash(of: document), let rows = rows[hash] else { return nil }
    return rows.first { other in
      other != row && documents[other].map { hasSameValues($0, document) } == true
    }
  }

  /// - Returns: whether no other row has the same hash.
  @discardableResult
  mutating func insert(_ row: Row, _ document: Document) -> Bool {
    guard let hash = hash(of: document) else { return true }
    return rows.updateValue(forKey: hash, default: .one(row)) { present in
      present.insert(row)
      if case .one = present { return true } else { return false }
    }
  }

  mutating func remove(_ row: Row, _ document: Document) {
    guard let hash = hash(of: document), let present = rows[hash] else { return }
    rows[hash] = present.removing(row)
  }

  func hasSameValues(_ left: Document, _ right: Document) -> Bool {
    keys.allSatisfy { key in
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

  /// `nil` when a field is missing or no string: such a document is not in the index.
  private func hash(of document: Document) -> UInt64? {
    var hasher = Hasher()
    for key in keys {
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
