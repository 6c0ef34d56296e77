import JSON

/// A place in a journal: behind so many of its commits.
package struct JournalPlace: Sendable, Equatable {
  /// The journal.
  package let journal: JournalNumber
  /// The number of its commits up to the place. What follows them is not part of the history.
  package let commits: Int
  /// The authentication tag of the last chunk up to the place, in hexadecimal digits.
  package let tag: String

  /// A place of these values.
  package init(journal: JournalNumber, commits: Int, tag: String) {
    self.journal = journal
    self.commits = commits
    self.tag = tag
  }
}

/// The state that a journal's first commit changes.
package enum JournalStart: Sendable, Equatable {
  /// A state without documents.
  case empty
  /// The state of a dump, by its identity (`DumpIdentity`), so that a file of another name is found, too.
  case dump(identity: String)
  /// The state at a place of another journal.
  case journal(JournalPlace)
  /// The state of the dump with the journal's own number, and of nothing else.
  case ownDump
}

/// The facts that a journal states about itself.
package struct JournalHeader: Sendable, Equatable {
  /// The journal's number.
  package let number: JournalNumber
  /// The state before the first commit. It is also that of the dump with the journal's number.
  package let start: JournalStart
  /// The time in RFC 3339.
  package let createdAt: String
  /// The program that wrote it.
  package let writer: String
  /// The tag of the first chunk of the journal that this is a copy of under another key, in hexadecimal digits; `nil`
  /// for a journal as it was written. Each chunk of a copy begins with the tag of the chunk that it stands for. So the
  /// places that other journals name are still there.
  package let copiedTag: String?

  /// A header of these values.
  package init(
    number: JournalNumber, start: JournalStart, createdAt: String, writer: String, copiedTag: String? = nil
  ) {
    self.number = number
    self.start = start
    self.createdAt = createdAt
    self.writer = writer
    self.copiedTag = copiedTag
  }

  /// The header of a copy under another key.
  ///
  /// - Parameter tag: of the first chunk, as other journals name it.
  package func copied(_ tag: String) -> JournalHeader {
    JournalHeader(number: number, start: start, createdAt: createdAt, writer: writer, copiedTag: tag)
  }
}

extension JournalHeader {
  /// The version of a journal as it was written, and that of a copy under another key.
  private static let (version, copyVersion) = (1, 2)
  /// Bytes of a journal before its first commit: the preamble, and a chunk with the header. They are safe on the volume
  /// before anything follows them. So a file whose header is not whole holds no commit if it has nothing behind them.
  package static let beginningSize = 1024

  /// The first chunk's content, with spaces up to the size of a journal's beginning.
  var bytes: [UInt8] {
    var object: JSONObject = [
      "format": "JRN1", "version": .integer(copiedTag == nil ? Self.version : Self.copyVersion),
      "epoch": .integer(number.epoch), "sequence": .integer(number.sequence), "created_at": .string(createdAt),
      "writer": .string(writer), "start": start.value,
    ]
    if let copiedTag { object["copied_tag"] = .string(copiedTag) }
    let text = JSONWriter.bytes(.object(object))
    let size = Self.beginningSize - SealedPreamble.size - ChunkHeader.overhead
    return text + [UInt8](repeating: UInt8(ascii: " "), count: max(0, size - text.count))
  }

  init(_ bytes: [UInt8]) throws(DumpFormatError) {
    let object: JSONObject?
    do throws(JSONError) {
      object = try JSONParser(maximumDepth: 8).parse(bytes).object
    } catch {
      throw DumpFormatError(.malformedContent, "the header is not JSON: \(error)")
    }
    guard let object, let version = object["version"]?.number?.int else {
      throw DumpFormatError(.malformedContent, "the header has no version")
    }
    guard version == Self.version || version == Self.copyVersion else {
      throw DumpFormatError(.unsupportedVersion, "\(version)")
    }
    let copiedTag = version == Self.copyVersion ? object["copied_tag"]?.string : nil
    guard let number = JournalNumber(object), let createdAt = object["created_at"]?.string,
      let start = object["start"].flatMap(JournalStart.init), version == Self.version || copiedTag != nil
    else { throw DumpFormatError(.malformedContent, "the header lacks a number, a time, a start or a tag") }
    self.init(
      number: number, start: start, createdAt: createdAt, writer: object["writer"]?.string ?? "unknown",
      copiedTag: copiedTag)
  }
}

extension JournalNumber {
  fileprivate init?(_ object: JSONObject) {
    guard let epoch = object["epoch"]?.number?.int, let sequence = object["sequence"]?.number?.int else { return nil }
    self.init(epoch: epoch, sequence: sequence)
  }
}

extension JournalStart {
  fileprivate var value: JSONValue {
    switch self {
    case .empty: .object(["state": "empty"])
    case .dump(let identity): .object(["dump": .string(identity)])
    case .journal(let place):
      .object([
        "epoch": .integer(place.journal.epoch), "sequence": .integer(place.journal.sequence),
        "commits": .integer(place.commits), "tag": .string(place.tag),
      ])
    case .ownDump: .object(["state": "own dump"])
    }
  }

  fileprivate init?(_ value: JSONValue) {
    guard let object = value.object else { return nil }
    if let identity = object["dump"]?.string {
      self = .dump(identity: identity)
    } else if let journal = JournalNumber(object), let commits = object["commits"]?.number?.int, commits >= 0,
      let tag = object["tag"]?.string
    {
      self = .journal(JournalPlace(journal: journal, commits: commits, tag: tag))
    } else {
      switch object["state"]?.string {
      case "empty"?: self = .empty
      case "own dump"?: self = .ownDump
      default: return nil
      }
    }
  }
}
