import HashTreeCollections
import JSON

/// Finds rows by the values of one or more string fields.
///
/// The index keeps a 64-bit hash and a row for each document, not the values. A caller compares the candidates with the
/// documents' bytes. Each process seeds the hash anew, so a client cannot choose values that collide.
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

  /// The rows whose documents may have these values. The caller compares the values, since hashes can collide.
  func candidates(_ values: [String]) -> RowSet? {
    var hasher = Hasher()
    for value in values {
      JSONWriter.content(of: value).withUnsafeBytes { Self.combine($0, into: &hasher) }
    }
    return rows[Self.finish(hasher)]
  }

  /// The row of another document with the same values, or `nil` when there is none.
  func conflict(of document: Document, except row: Row?, in documents: RowTrie) -> Row? {
    guard let hash = hash(of: document), let rows = rows[hash] else { return nil }
    return rows.first { other in
      other != row && documents[other].map { hasSameValues($0, document) } == true
    }
  }

  /// Adds a document.
  ///
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

  /// The hash of the document's values, or `nil` when a field is missing or is not a string. Such a document is not in
  /// the index.
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
