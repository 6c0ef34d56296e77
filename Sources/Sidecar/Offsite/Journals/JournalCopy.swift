import DumpDirectory
import DumpFormat
import JSON
import Retention

/// The copy of one journal in S3: an object with all of it, or parts of the one that still grows.
///
/// A part is named by the journal and the offset of its first byte. Parts never change what was copied before, so a
/// change costs as much as it is long. Parts can overlap when two sidecars copied the same journal.
struct JournalCopy: Sendable, Equatable {
  /// One part.
  struct Part: Sendable, Equatable {
    let offset: Int
    let object: S3Object

    var end: Int { offset + object.bytes }
  }

  let name: JournalName
  /// The object with the whole journal.
  var whole: S3Object?
  /// The lowest offset first.
  var parts: [Part] = []

  private static let mark = ".part-"
  private static let digits = 16

  /// The name of a part's object, without the prefix.
  static func partName(of journal: String, at offset: Int) -> String {
    let number = String(offset)
    return journal + mark + String(repeating: "0", count: max(0, digits - number.count)) + number
  }

  /// The beginning of the names of a journal's parts.
  static func partPrefix(of journal: String) -> String { journal + mark }

  /// The journal as the retention rules see it. The time of the newest object stands for that of the header, which is
  /// earlier.
  var judged: JudgedJournal {
    JudgedJournal(
      name: name.file, number: HistoryNumber(name.number), createdAt: objects.compactMap(\.modifiedAt).max(),
      bytes: bytes)
  }

  /// Finds the journals of a location among the objects of a bucket, the oldest first.
  static func all(in objects: [S3Object], of location: DumpLocation) -> [JournalCopy] {
    var copies: [UTF8Key: JournalCopy] = [:]
    for object in objects {
      let (journal, offset) = split(object.name)
      guard location.ownsJournal(journal), let name = JournalName(journal) else { continue }
      var copy = copies[UTF8Key(journal)] ?? JournalCopy(name: name)
      if let offset { copy.parts.append(Part(offset: offset, object: object)) } else { copy.whole = object }
      copies[UTF8Key(journal)] = copy
    }
    return copies.values.map(\.sorted).sorted { $0.name.number < $1.name.number }
  }

  private var sorted: JournalCopy {
    var copy = self
    copy.parts.sort { ($0.offset, $0.end) < ($1.offset, $1.end) }
    return copy
  }

  private static func split(_ name: String) -> (journal: String, offset: Int?) {
    let bytes = Array(name.utf8)
    let count = mark.utf8.count + digits
    guard bytes.count > count, bytes[(bytes.count - count)...].starts(with: mark.utf8),
      let offset = Int(String(decoding: bytes.suffix(digits), as: UTF8.self)), offset >= 0
    else { return (name, nil) }
    return (String(decoding: bytes.dropLast(count), as: UTF8.self), offset)
  }

  /// The bytes from the journal's beginning that the parts have without a gap.
  var partsEnd: Int { useful.last.map(\.part.end) ?? 0 }

  /// The parts that the journal is put together of, each with the number of its bytes to leave out.
  var useful: [(part: Part, skip: Int)] {
    var end = 0
    var useful: [(Part, Int)] = []
    for part in parts where part.offset <= end && part.end > end {
      useful.append((part, end - part.offset))
      end = part.end
    }
    return useful
  }

  /// The first bytes that are missing between the parts.
  var gap: Range<Int>? {
    let end = partsEnd
    guard let next = parts.filter({ $0.end > end }).map(\.offset).min(), next > end else { return nil }
    return end..<next
  }

  /// The object with its first bytes, or `nil` when there is none.
  var first: S3Object? { [whole, parts.first { $0.offset == 0 }?.object].compactMap(\.self).first }

  /// The bytes from its beginning that can be fetched.
  var length: Int {
    guard let whole else { return partsEnd }
    return whole.bytes
  }

  /// Bytes of all its objects.
  var bytes: Int { objects.reduce(0) { $0 + $1.bytes } }

  /// Every object of it.
  var objects: [S3Object] { [whole].compactMap(\.self) + parts.map(\.object) }
}
