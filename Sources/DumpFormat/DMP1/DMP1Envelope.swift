import JSON

/// The envelope around the data: the members before it as they are written, and those that a reader looks at. A reader
/// passes over the others.
struct DMP1Envelope {
  /// A member's name.
  enum Name: String, CaseIterable {
    case version
    case createdAt = "created_at"
    case note
    case data
    case other = ""

    init(_ name: [UInt8]) {
      self = Self.allCases.first { $0.rawValue.utf8.elementsEqual(name) } ?? .other
    }

    /// How much of the member's value is needed when it is a text.
    var keeping: DMP1Value.Keeping {
      switch self {
      case .version, .createdAt: .short
      case .note: .beginning
      case .data, .other: .nothing
      }
    }
  }

  /// The value as it is spelled: the number 1 and the text "1" differ.
  private(set) var version: [UInt8]?
  private var createdAt: String?
  private var order: DumpOrder?
  private var firstIdentity: String?

  /// The header that the members so far tell, or `nil` when there is no time.
  var header: DumpHeader? {
    createdAt.map { DumpHeader(format: .dmp1, createdAt: $0, order: order, firstIdentity: firstIdentity) }
  }

  /// Takes a member's value as it is spelled. When a member comes twice, the last value counts.
  mutating func set(_ name: Name, to text: UnsafeRawBufferPointer) {
    switch name {
    case .version: version = Array(text)
    case .createdAt: createdAt = JSONParser.string(of: text)
    case .note:
      let note = JSONParser.string(of: text)
      order = note.flatMap { DumpOrder(note: $0) }
      firstIdentity = note.flatMap { FirstIdentity.find(in: $0) }
    case .data, .other: break
    }
  }

  /// The plaintext up to the first group. `DMP1Writer` writes the rest.
  ///
  /// - Parameter note: carries the header's order.
  static func beginning(_ header: DumpHeader, note: String) -> String {
    "{\"version\":\(DMP1.version),\"created_at\":\(quoted(header.createdAt)),\"sanitized\":false,\"note\":\(quoted(note)),\"data\":{"
  }

  /// A text as a JSON string.
  static func quoted(_ text: String) -> String { JSONWriter.text(.string(text)) }
}
