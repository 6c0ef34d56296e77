import JSON

/// Splits the plaintext of Doorman's layout into groups and records while it streams by.
///
/// Its memory is bounded whatever the text is: of the envelope it keeps short texts only, of the rest one record, or
/// none when records are only counted.
struct DMP1Scanner {
  struct Content {
    let header: DumpHeader
    let counts: [DumpSummary.GroupCount]
  }

  /// What may come next.
  private enum State {
    case start
    case fieldOrEnd
    case field
    case fieldColon(DMP1Envelope.Name)
    case fieldValue(DMP1Envelope.Name)
    case afterField
    case groupOrEnd
    case group
    case groupColon
    case groupValue
    case recordOrEnd
    case record
    case afterRecord
    case afterGroup
    case end
  }

  private let isCounting: Bool
  private var state = State.start
  private var envelope = DMP1Envelope()
  private var hasData = false
  private var groups = GroupCounter()
  /// Position of the present block's start in the text.
  private var base = 0
  private var value = DMP1Value()
  private var isInValue = false

  /// - Parameter isCounting: whether records are only counted: none is given out, and none kept.
  init(isCounting: Bool = false) {
    self.isCounting = isCounting
  }

  /// What the envelope says so far.
  var header: DumpHeader? { envelope.header }

  mutating func scan(
    _ block: UnsafeRawBufferPointer, group: (String) throws -> Void,
    record: (String, UnsafeRawBufferPointer) throws -> Void
  ) throws {
    var position = 0
    while position < block.count {
      if isInValue {
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
  mutating func finish() throws(DumpFormatError) -> Content {
    guard case .end = state, !isInValue else { throw malformed(0, "it ends too early") }
    guard hasData else { throw malformed(0, "it has no data") }
    guard let version = envelope.version else { throw DumpFormatError(.unsupportedVersion, "none") }
    guard version.elementsEqual("\(DMP1.version)".utf8) else {
      throw DumpFormatError(.unsupportedVersion, String(decoding: version, as: UTF8.self))
    }
    guard let header = envelope.header else { throw malformed(0, "it has no created_at") }
    return Content(header: header, counts: groups.counts)
  }

  /// One byte between values.
  ///
  /// - Returns: where to go on: behind it, or at it when it starts a value.
  private mutating func takeToken(_ byte: UInt8, at position: Int) throws(DumpFormatError) -> Int {
    switch (state, byte) {
    case (.afterRecord, UInt8(ascii: ",")): state = .record
    case (.recordOrEnd, UInt8(ascii: "{")), (.record, UInt8(ascii: "{")):
      state = .record
      return begin(byte, at: position)
    case (.recordOrEnd, UInt8(ascii: "]")), (.afterRecord, UInt8(ascii: "]")): state = .afterGroup
    case (.start, UInt8(ascii: "{")): state = .fieldOrEnd
    case (.fieldOrEnd, UInt8(ascii: "}")), (.afterField, UInt8(ascii: "}")): state = .end
    case (.fieldOrEnd, UInt8(ascii: "\"")), (.field, UInt8(ascii: "\"")):
      state = .field
      return begin(byte, at: position)
    case (.fieldColon(let name), UInt8(ascii: ":")): state = .fieldValue(name)
    case (.fieldValue(.data), UInt8(ascii: "{")):
      guard !hasData else { throw malformed(position, "it has two data") }
      hasData = true
      state = .groupOrEnd
    case (.fieldValue(.data), _): throw malformed(position, "data is no object")
    case (.fieldValue, _): return begin(byte, at: position)
    case (.afterField, UInt8(ascii: ",")): state = .field
    case (.groupOrEnd, UInt8(ascii: "}")), (.afterGroup, UInt8(ascii: "}")): state = .afterField
    case (.groupOrEnd, UInt8(ascii: "\"")), (.group, UInt8(ascii: "\"")):
      state = .group
      return begin(byte, at: position)
    case (.groupColon, UInt8(ascii: ":")): state = .groupValue
    case (.groupValue, UInt8(ascii: "[")): state = .recordOrEnd
    case (.afterGroup, UInt8(ascii: ",")): state = .group
    default: throw malformed(position, "an unexpected character")
    }
    return position + 1
  }

  private mutating func begin(_ first: UInt8, at position: Int) -> Int {
    value.begin(first, at: base + position, keeping: keeping(first))
    isInValue = true
    return position
  }

  /// What the value that begins is needed for.
  private func keeping(_ first: UInt8) -> DMP1Value.Keeping {
    switch state {
    case .record: isCounting ? .nothing : .whole
    case .fieldValue(let name) where DMP1Value.isBracketed(first): name.keeping
    default: .short
    }
  }

  /// Goes on with the value under way.
  private mutating func takeValue(
    _ block: UnsafeRawBufferPointer, from start: Int, group: (String) throws -> Void,
    record: (String, UnsafeRawBufferPointer) throws -> Void
  ) throws -> Int {
    guard let end = try value.end(in: block, from: start) else { return block.count }
    isInValue = false
    if let whole = value.takeCarried() {
      try whole.withUnsafeBytes { try complete($0, at: end, group: group, record: record) }
    } else {
      try complete(value.text(in: block, start..<end), at: end, group: group, record: record)
    }
    return end
  }

  private mutating func complete(
    _ text: UnsafeRawBufferPointer, at position: Int, group: (String) throws -> Void,
    record: (String, UnsafeRawBufferPointer) throws -> Void
  ) throws {
    switch state {
    case .record:
      if !isCounting, let name = groups.name { try record(name, text) }
      groups.countRecord()
      state = .afterRecord
    case .group:
      guard let name = JSONParser.string(of: text) else { throw malformed(position, "a collection without a name") }
      guard !groups.isFull else { throw malformed(position, "more than \(GroupCounter.maximum) collections") }
      guard groups.begin(name) else { throw malformed(position, "the collection '\(name)' comes twice") }
      try group(name)
      state = .groupColon
    case .field:
      guard let name = JSONParser.string(of: text) else { throw malformed(position, "a field without a name") }
      state = .fieldColon(DMP1Envelope.Name(Array(name.utf8)))
    case .fieldValue(let name):
      guard value.isBracketed || DMP1Value.isScalar(text) else { throw malformed(position, "no JSON value") }
      envelope.set(name, to: text)
      state = .afterField
    default:
      throw malformed(position, "an unexpected value")
    }
  }

  private func malformed(_ position: Int, _ what: String) -> DumpFormatError {
    .malformed(what, at: base + position)
  }
}

extension DumpFormatError {
  /// - Parameter position: in the plaintext, bytes.
  static func malformed(_ what: String, at position: Int) -> DumpFormatError {
    DumpFormatError(.malformedContent, "\(what) at byte \(position)")
  }
}
