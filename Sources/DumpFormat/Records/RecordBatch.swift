/// Records of one group that follow each other in a dump. Their bytes are in one piece of memory: each record has a
/// byte for its kind, its length in four bytes with the lowest first, and its content.
package struct RecordBatch: Sendable {
  /// The kind of an entry.
  enum Kind: UInt8 {
    /// A group begins, or goes on: the content is its name in UTF-8.
    case group = 1
    /// A record: one JSON object.
    case record = 2
  }

  /// Bytes before the content of an entry.
  static let entryHeader = 5

  /// The name of the group.
  package let group: String
  /// The number of records. It may be 0: the group is there nevertheless.
  package let count: Int
  /// Whether the records are in the compact form of `JSONWriter`, because a program of ours wrote them.
  package let isCanonical: Bool
  private let content: [UInt8]
  private let range: Range<Int>

  /// - Parameter range: entries of records in the content, which `splitting` or a writer checked.
  init(group: String, count: Int, isCanonical: Bool, content: [UInt8], range: Range<Int>) {
    self.group = group
    self.count = count
    self.isCanonical = isCanonical
    self.content = content
    self.range = range
  }

  /// Calls a body with each record's bytes.
  package func forEach<Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    try content.withUnsafeBufferPointer { content throws(Failure) in
      let content = UnsafeRawBufferPointer(content)
      var position = range.lowerBound
      while let entry = Self.entry(in: content, at: position, before: range.upperBound) {
        try body(UnsafeRawBufferPointer(rebasing: content[entry.content]))
        position = entry.content.upperBound
      }
    }
  }

  /// Adds an entry to content.
  static func append(_ kind: Kind, _ bytes: UnsafeRawBufferPointer, to content: inout [UInt8]) {
    let length = UInt32(bytes.count)
    content.append(kind.rawValue)
    withUnsafeBytes(of: length.littleEndian) { content.append(contentsOf: $0) }
    content.append(contentsOf: bytes)
  }

  /// The entry at a position.
  ///
  /// - Returns: `nil` when there is no whole entry of a known kind.
  private static func entry(
    in content: UnsafeRawBufferPointer, at position: Int, before end: Int
  ) -> (kind: Kind, content: Range<Int>)? {
    let start = position + entryHeader
    guard start <= end, let kind = Kind(rawValue: content[position]) else { return nil }
    let length = Int(UInt32(littleEndian: content.loadUnaligned(fromByteOffset: position + 1, as: UInt32.self)))
    guard length <= end - start else { return nil }
    return (kind, start..<start + length)
  }

  /// Splits the content of a chunk into its groups.
  ///
  /// - Throws: `DumpFormatError` `malformedContent` or `recordTooLarge`.
  static func splitting(_ content: [UInt8], isCanonical: Bool) throws(DumpFormatError) -> [RecordBatch] {
    var batches: [RecordBatch] = []
    var open: (name: String, start: Int, count: Int)?
    func close(_ end: Int) {
      guard let open else { return }
      batches.append(
        RecordBatch(
          group: open.name, count: open.count, isCanonical: isCanonical, content: content, range: open.start..<end))
    }
    try content.withUnsafeBufferPointer { bytes throws(DumpFormatError) in
      let bytes = UnsafeRawBufferPointer(bytes)
      var position = 0
      while position < bytes.count {
        guard let entry = entry(in: bytes, at: position, before: bytes.count) else {
          throw .malformedChunk("an entry of no known kind or length", at: position)
        }
        switch entry.kind {
        case .group:
          close(position)
          guard entry.content.count <= DMP2.maximumName,
            let name = String(validating: bytes[entry.content], as: UTF8.self)
          else { throw .malformedChunk("a collection without a name", at: position) }
          open = (name, entry.content.upperBound, 0)
        case .record:
          guard open != nil else { throw .malformedChunk("a document before any collection", at: position) }
          guard entry.content.count <= maximumRecord else {
            throw DumpFormatError(.recordTooLarge, "\(maximumRecord)")
          }
          guard entry.content.count >= 2, bytes[entry.content.lowerBound] == UInt8(ascii: "{"),
            bytes[entry.content.upperBound - 1] == UInt8(ascii: "}")
          else { throw .malformedChunk("a document that is no JSON object", at: position) }
          open?.count += 1
        }
        position = entry.content.upperBound
      }
    }
    close(content.count)
    return batches
  }
}

extension DumpFormatError {
  /// - Parameter position: in the content of the chunk, bytes.
  fileprivate static func malformedChunk(_ what: String, at position: Int) -> DumpFormatError {
    DumpFormatError(.malformedContent, "\(what) at byte \(position) of a chunk")
  }
}
