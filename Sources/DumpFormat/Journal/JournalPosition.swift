/// The place behind so many commits of a journal, by which a state of the history is named: `3-17.204` is the state
/// behind commit 204 of journal 3-17, and `3-17` that of the journal's beginning, which dump 3-17 has, too.
package struct JournalPosition: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// The journal.
  package let journal: JournalNumber
  /// The number of its commits up to the place.
  package let commits: Int

  /// A position of these values.
  package init(journal: JournalNumber, commits: Int) {
    self.journal = journal
    self.commits = commits
  }

  /// Reads what `description` writes, also with `.0` at the end.
  ///
  /// - Returns: `nil` for anything else.
  package init?(_ text: String) {
    var numbers: [Int] = []
    var separators: [UInt8] = []
    var digits: [UInt8] = []
    for byte in text.utf8 {
      if 0x30...0x39 ~= byte {
        digits.append(byte)
      } else {
        guard let number = Self.number(digits) else { return nil }
        numbers.append(number)
        separators.append(byte)
        digits = []
      }
    }
    guard let last = Self.number(digits) else { return nil }
    numbers.append(last)
    guard separators == [UInt8(ascii: "-")] || separators == [UInt8(ascii: "-"), UInt8(ascii: ".")],
      let journal = JournalNumber(epoch: numbers[0], sequence: numbers[1])
    else { return nil }
    self.init(journal: journal, commits: numbers.count > 2 ? numbers[2] : 0)
  }

  /// Digits without zeros before them, at most as many as 2^53 has.
  private static func number(_ digits: [UInt8]) -> Int? {
    guard 1...16 ~= digits.count, digits.count == 1 || digits[0] != 0x30 else { return nil }
    return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
  }

  package var description: String { commits == 0 ? "\(journal)" : "\(journal).\(commits)" }

  package static func < (left: Self, right: Self) -> Bool {
    (left.journal, left.commits) < (right.journal, right.commits)
  }
}
