/// Splits the plaintext of the peer's layout into groups and records while it streams by.
struct DMP1Scanner {
  struct Content {
    let createdAt: String
    let counts: [DumpSummary.GroupCount]
  }

  /// What may come next.
  private enum State {
    case start
    case fieldOrEnd
    case field
    case fieldColon(String)
    case fieldValue(String)
    case afterField
    case groupOrEnd
    case group
    case groupColon(String)
    case groupValue(String)
    case recordOrEnd
    case record
    case afterRecord
    case afterGroup
    case end
  }

  /// The others, as the note, are passed over.
  private static let knownFields: Set = ["version", "created_at"]

  private var state = State.start
  private var counts: [DumpSummary.GroupCount] = []
  private var fields: [String: [UInt8]] = [:]
  private var hasData = false
  /// Position of the present block's start in the text.
  private var base = 0

  /// A value that is under way: what came of it in earlier blocks.
  private var scanner: ValueScanner?
  private var carried: [UInt8] = []

  init() {}

  mutating func scan(
    _ block: UnsafeRawBufferPointer, group: (String) throws -> Void,
    record: (String, UnsafeRawBufferPointer) throws -> Void
  ) throws {
    var position = 0
    while position < block.count {
      if scanner != nil {
        position = try takeValue(block, from: position, group: group, record: record)
        continue
      }
      let byte = block[position]
      if byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
        position += 1
        continue
      }
      position = try takeToken(byte, at: position)
    }
    base += block.count
  }

  /// Ends the text.
  mutating func finish() throws -> Content {
    guard case .end = state, scanner == nil else { throw malformed(0, "it ends too early") }
    guard hasData else { throw malformed(0, "it has no data") }
    let version = fields["version"].map { String(decoding: $0, as: UTF8.self) } ?? "none"
    guard version == "\(DMP1.version)" else { throw DumpFormatError(.unsupportedVersion, version) }
    guard let createdAt = fields["created_at"].flatMap(JSONText.string) else {
      throw malformed(0, "it has no created_at")
    }
    return Content(createdAt: createdAt, counts: counts)
  }

  /// One byte between values.
  ///
  /// - Returns: where to go on: behind it, or at it when it starts a value.
  private mutating func takeToken(_ byte: UInt8, at position: Int) throws -> Int {
    switch (state, byte) {
    case (.start, UInt8(ascii: "{")): state = .fieldOrEnd
    case (.fieldOrEnd, UInt8(ascii: "}")), (.afterField, UInt8(ascii: "}")): state = .end
    case (.fieldOrEnd, UInt8(ascii: "\"")), (.field, UInt8(ascii: "\"")):
      state = .field
      return begin(at: position)
    case (.fieldColon(let name), UInt8(ascii: ":")): state = .fieldValue(name)
    case (.fieldValue("data"), UInt8(ascii: "{")):
      guard !hasData else { throw malformed(position, "it has two data") }
      hasData = true
      state = .groupOrEnd
    case (.fieldValue("data"), _): throw malformed(position, "data is no object")
    case (.fieldValue, _): return begin(at: position)
    case (.afterField, UInt8(ascii: ",")): state = .field
    case (.groupOrEnd, UInt8(ascii: "}")), (.afterGroup, UInt8(ascii: "}")): state = .afterField
    case (.groupOrEnd, UInt8(ascii: "\"")), (.group, UInt8(ascii: "\"")):
      state = .group
      return begin(at: position)
    case (.groupColon(let name), UInt8(ascii: ":")): state = .groupValue(name)
    case (.groupValue, UInt8(ascii: "[")): state = .recordOrEnd
    case (.recordOrEnd, UInt8(ascii: "]")), (.afterRecord, UInt8(ascii: "]")): state = .afterGroup
    case (.recordOrEnd, UInt8(ascii: "{")), (.record, UInt8(ascii: "{")):
      state = .record
      return begin(at: position)
    case (.afterRecord, UInt8(ascii: ",")): state = .record
    case (.afterGroup, UInt8(ascii: ",")): state = .group
    default: throw malformed(position, "an unexpected character")
    }
    return position + 1
  }

  private mutating func begin(at position: Int) -> Int {
    scanner = ValueScanner()
    return position
  }

  /// Goes on with the value under way.
  private mutating func takeValue(
    _ block: UnsafeRawBufferPointer, from start: Int, group: (String) throws -> Void,
    record: (String, UnsafeRawBufferPointer) throws -> Void
  ) throws -> Int {
    let end: Int?
    do {
      end = try isScalar(block, from: start) ? endOfScalar(block, from: start) : scanner?.end(in: block, from: start)
    } catch {
      throw malformed(start, "brackets that do not fit, or deeper than \(ValueScanner.maximumDepth)")
    }
    let piece = UnsafeRawBufferPointer(rebasing: block[start..<(end ?? block.count)])
    guard carried.count + piece.count <= maximumRecord else {
      throw DumpFormatError(.recordTooLarge, "\(maximumRecord)")
    }
    guard let end else {
      carried.append(contentsOf: piece)
      return block.count
    }
    scanner = nil
    if carried.isEmpty {
      try complete(piece, at: end, group: group, record: record)
    } else {
      carried.append(contentsOf: piece)
      let whole = carried
      carried.removeAll(keepingCapacity: whole.count < 1 << 20)
      try whole.withUnsafeBytes { try complete($0, at: end, group: group, record: record) }
    }
    return end
  }

  private mutating func complete(
    _ value: UnsafeRawBufferPointer, at position: Int, group: (String) throws -> Void,
    record: (String, UnsafeRawBufferPointer) throws -> Void
  ) throws {
    switch state {
    case .record:
      guard let last = counts.popLast() else { throw malformed(position, "a document outside a collection") }
      try record(last.name, value)
      counts.append(DumpSummary.GroupCount(name: last.name, records: last.records + 1))
      state = .afterRecord
    case .group:
      guard let name = JSONText.string(Array(value)) else { throw malformed(position, "a collection without a name") }
      guard !counts.contains(where: { $0.name == name }) else {
        throw malformed(position, "the collection '\(name)' comes twice")
      }
      counts.append(DumpSummary.GroupCount(name: name, records: 0))
      try group(name)
      state = .groupColon(name)
    case .field:
      guard let name = JSONText.string(Array(value)) else { throw malformed(position, "a field without a name") }
      state = .fieldColon(name)
    case .fieldValue(let name):
      guard Self.isBracketed(value.first) || JSONText.isScalar(value) else {
        throw malformed(position, "no JSON value")
      }
      if Self.knownFields.contains(name) { fields[name] = Array(value) }
      state = .afterField
    default:
      throw malformed(position, "an unexpected value")
    }
  }

  /// Numbers and words have no closing character: they end before the next comma or bracket.
  private func isScalar(_ block: UnsafeRawBufferPointer, from start: Int) -> Bool {
    guard case .fieldValue = state else { return false }
    return !Self.isBracketed(carried.first ?? block[start])
  }

  /// Whether a value begins that has a closing character.
  private static func isBracketed(_ first: UInt8?) -> Bool {
    first == UInt8(ascii: "{") || first == UInt8(ascii: "[") || first == UInt8(ascii: "\"")
  }

  private func endOfScalar(_ block: UnsafeRawBufferPointer, from start: Int) -> Int? {
    block[start...].firstIndex { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}") || $0 <= 0x20 }
  }

  private func malformed(_ position: Int, _ what: String) -> DumpFormatError {
    DumpFormatError(.malformedContent, "\(what) at byte \(base + position)")
  }
}
