/// One change in a journal.
///
/// `LoggedChange` of `DocumentStore` holds the same values. It is a type of its own because neither module imports the
/// other: the sidecar reads journals without a document store. `Persistence` converts the one to the other.
package struct JournalChange: Sendable, Equatable {
  /// The collection's name.
  package let collection: String
  /// The document's `_id`, or `nil` when it has no string there.
  package let id: String?
  /// The fingerprint of the document before the change, or `nil` for one that is inserted.
  package let before: UInt64?
  /// The document after the change, or `nil` for one that is deleted.
  package let after: [UInt8]?

  /// A change of these values.
  package init(collection: String, id: String?, before: UInt64?, after: [UInt8]?) {
    self.collection = collection
    self.id = id
    self.before = before
    self.after = after
  }
}

/// One commit in a journal: the changes that became visible together.
package struct JournalCommit: Sendable, Equatable {
  /// The number in its journal, from 1.
  package let number: Int
  /// Microseconds of Unix time.
  package let time: Int
  /// The account for which the changes were made, or `nil` for the gateway itself.
  package let actor: String?
  /// The changes, in order.
  package let changes: [JournalChange]

  /// A commit of these values.
  package init(number: Int, time: Int, actor: String?, changes: [JournalChange]) {
    self.number = number
    self.time = time
    self.actor = actor
    self.changes = changes
  }
}

extension JournalCommit {
  /// Bits that say which parts of a change follow.
  private enum Part {
    static let id: UInt8 = 1
    static let before: UInt8 = 2
    static let after: UInt8 = 4
  }

  /// Appends the commit to a chunk's content.
  package func encode(into bytes: inout [UInt8]) {
    let start = bytes.count
    bytes.append(UInt32(0))
    bytes.append(UInt64(number))
    bytes.append(UInt64(bitPattern: Int64(time)))
    bytes.append(actor == nil ? UInt8(0) : 1)
    bytes.append(text: actor ?? "")
    bytes.append(UInt32(changes.count))
    for change in changes {
      bytes.append(
        (change.id == nil ? 0 : Part.id) | (change.before == nil ? 0 : Part.before)
          | (change.after == nil ? 0 : Part.after))
      bytes.append(text: change.collection)
      if let id = change.id { bytes.append(text: id) }
      if let before = change.before { bytes.append(before) }
      if let after = change.after { bytes.append(counted: after) }
    }
    bytes.replace(at: start, with: UInt32(bytes.count - start - 4))
  }

  /// Reads the commits of a chunk's content.
  ///
  /// - Throws: `DumpFormatError` `malformedContent` for anything but whole commits.
  package static func decode(_ bytes: [UInt8]) throws(DumpFormatError) -> [JournalCommit] {
    var commits: [JournalCommit] = []
    var reader = ByteReader(bytes)
    while !reader.isAtEnd {
      let length = Int(try reader.take32())
      let end = reader.position + length
      guard length <= reader.left else { throw reader.fault }
      commits.append(try JournalCommit(&reader))
      guard reader.position == end else { throw reader.fault }
    }
    return commits
  }

  private init(_ reader: inout ByteReader) throws(DumpFormatError) {
    let number = try reader.take64()
    let time = Int64(bitPattern: try reader.take64())
    let hasActor = try reader.take8() == 1
    let actor = try reader.takeText()
    let count = Int(try reader.take32())
    guard let number = Int(exactly: number), number > 0 else { throw reader.fault }
    var changes: [JournalChange] = []
    // A change has six bytes at least, so no count makes room for more than there can be.
    changes.reserveCapacity(min(count, reader.left / 6))
    for _ in 0..<count {
      let parts = try reader.take8()
      guard parts & ~(Part.id | Part.before | Part.after) == 0, parts & (Part.before | Part.after) != 0 else {
        throw reader.fault
      }
      let collection = try reader.takeText()
      let id = parts & Part.id == 0 ? nil : try reader.takeText()
      let before = parts & Part.before == 0 ? nil : try reader.take64()
      let after = parts & Part.after == 0 ? nil : try reader.takeCounted()
      changes.append(JournalChange(collection: collection, id: id, before: before, after: after))
    }
    self.init(number: number, time: Int(time), actor: hasActor ? actor : nil, changes: changes)
  }
}

extension [UInt8] {
  fileprivate mutating func append<Number: FixedWidthInteger>(_ number: Number) {
    Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
  }

  fileprivate mutating func append(counted bytes: [UInt8]) {
    append(UInt32(bytes.count))
    append(contentsOf: bytes)
  }

  fileprivate mutating func append(text: String) {
    append(UInt32(text.utf8.count))
    append(contentsOf: text.utf8)
  }

  fileprivate mutating func replace(at position: Int, with number: UInt32) {
    withUnsafeMutableBytes { $0.storeBytes(of: number.littleEndian, toByteOffset: position, as: UInt32.self) }
  }
}

/// Reads numbers and texts from bytes that may end anywhere.
struct ByteReader {
  private let bytes: [UInt8]
  private(set) var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var left: Int { bytes.count - position }
  var isAtEnd: Bool { left == 0 }
  var fault: DumpFormatError { DumpFormatError(.malformedContent, "a record of it is not whole") }

  mutating func take8() throws(DumpFormatError) -> UInt8 { try number(UInt8.self) }
  mutating func take32() throws(DumpFormatError) -> UInt32 { try number(UInt32.self) }
  mutating func take64() throws(DumpFormatError) -> UInt64 { try number(UInt64.self) }

  /// Bytes behind their count.
  mutating func takeCounted() throws(DumpFormatError) -> [UInt8] {
    let count = Int(try take32())
    guard count <= left else { throw fault }
    defer { position += count }
    return Array(bytes[position..<position + count])
  }

  /// A text behind its count.
  mutating func takeText() throws(DumpFormatError) -> String {
    let content = try takeCounted()
    guard let text = String(validating: content, as: UTF8.self) else { throw fault }
    return text
  }

  private mutating func number<Number: FixedWidthInteger>(_: Number.Type) throws(DumpFormatError) -> Number {
    let size = MemoryLayout<Number>.size
    guard size <= left else { throw fault }
    defer { position += size }
    return Number(littleEndian: bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: Number.self) })
  }
}
