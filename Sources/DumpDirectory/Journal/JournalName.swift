package import DumpFormat
import JSON

/// The name of a journal's file: `<stem>.journal-<epoch>-<sequence>`.
package struct JournalName: Sendable, Equatable {
  /// The part before `.journal-`, which is that of the location's dumps.
  package let stem: String
  /// The number of the journal.
  package let number: JournalNumber

  /// Creates a name from its parts.
  package init(stem: String, number: JournalNumber) {
    self.stem = stem
    self.number = number
  }

  private static let mark = ".journal-"

  /// The file's name.
  package var file: String { "\(stem)\(Self.mark)\(number)" }

  /// Parses a file's name byte by byte.
  ///
  /// - Returns: `nil` when it is not the name of a journal.
  package init?(_ file: String) {
    let parts = file.allParts(betweenBytes: UInt8(ascii: "-"))
    guard parts.count >= 3, let sequence = Self.number(parts[parts.count - 1]),
      let epoch = Self.number(parts[parts.count - 2]),
      let number = JournalNumber(epoch: epoch, sequence: sequence)
    else { return nil }
    let stem = parts.dropLast(2).joined(separator: "-")
    let ending = ".journal"
    guard stem.endsWithBytes(ending), stem.utf8.count > ending.utf8.count else { return nil }
    self.init(stem: String(decoding: stem.utf8.dropLast(ending.utf8.count), as: UTF8.self), number: number)
  }

  /// Digits without zeros before them.
  private static func number(_ text: String) -> Int? {
    guard 1...16 ~= text.utf8.count, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }),
      text.utf8.count == 1 || text.utf8.first != 0x30
    else { return nil }
    return Int(text)
  }
}

extension DumpLocation {
  /// Whether a file of the directory is one of this location's journals, by its name alone.
  package func ownsJournal(_ file: String) -> Bool { JournalName(file)?.stem.hasSameBytes(as: stem) == true }
}
