import JSON

/// The members of the envelope that a reader looks at, as they are spelled. The others are passed over.
struct DMP1Envelope {
  /// A member's name.
  enum Name {
    case version
    case createdAt
    case note
    case data
    case other

    init(_ name: [UInt8]) {
      self =
        if name.elementsEqual("version".utf8) {
          .version
        } else if name.elementsEqual("created_at".utf8) {
          .createdAt
        } else if name.elementsEqual("note".utf8) {
          .note
        } else if name.elementsEqual("data".utf8) {
          .data
        } else {
          .other
        }
    }
  }

  /// The number 1 and the text "1" differ.
  private(set) var version: [UInt8]?
  private(set) var createdAt: String?
  private(set) var order: DumpOrder?

  /// Takes a member's value as it is spelled; of a member that comes twice the last one counts.
  mutating func set(_ name: Name, to text: UnsafeRawBufferPointer) {
    switch name {
    case .version: version = Array(text)
    case .createdAt: createdAt = JSONParser.string(of: text)
    case .note: order = JSONParser.string(of: text).flatMap { DumpOrder(note: $0) }
    case .data, .other: break
    }
  }
}
