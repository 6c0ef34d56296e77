/// Where a dump stands among those of its writers: a later epoch is newer whatever the sequence, a later sequence is
/// newer within one epoch. No clock is asked.
///
/// It is carried in the envelope's note, `encrypted at rest; gatehouse epoch=3 sequence=17`, which every reader of the
/// format passes over.
package struct DumpOrder: Sendable, Hashable {
  /// The largest number that readers which keep numbers as doubles keep exactly.
  package static let maximum = 1 << 53

  /// The epoch of the writer. It grows with each change of the writer.
  package let epoch: Int
  /// The number of the dump within its epoch.
  package let sequence: Int

  /// - Returns: `nil` unless both are in 1…2^53.
  package init?(epoch: Int, sequence: Int) {
    guard 1...Self.maximum ~= epoch, 1...Self.maximum ~= sequence else { return nil }
    self.epoch = epoch
    self.sequence = sequence
  }
}

extension DumpOrder: Comparable {
  package static func < (left: Self, right: Self) -> Bool {
    (left.epoch, left.sequence) < (right.epoch, right.sequence)
  }
}

extension DumpOrder {
  /// The note that Doorman writes.
  static let plainNote = "encrypted at rest"

  private static let epochMark = Array("; gatehouse epoch=".utf8)
  private static let sequenceMark = Array(" sequence=".utf8)

  /// Finds the order at the end of a note.
  ///
  /// - Returns: `nil` for every note that `note(behind:)` does not write, as Doorman's.
  package init?(note: String) {
    // Read from the end: the words before the order are anyone's.
    var rest = Array(note.utf8)[...]
    guard let sequence = Self.takeNumber(&rest), Self.take(Self.sequenceMark, &rest),
      let epoch = Self.takeNumber(&rest), Self.take(Self.epochMark, &rest)
    else { return nil }
    self.init(epoch: epoch, sequence: sequence)
  }

  /// The note that carries the order, behind the words that stand there anyway.
  package func note(behind words: String = plainNote) -> String {
    "\(words); gatehouse epoch=\(epoch) sequence=\(sequence)"
  }

  private static func take(_ mark: [UInt8], _ rest: inout ArraySlice<UInt8>) -> Bool {
    guard rest.suffix(mark.count).elementsEqual(mark) else { return false }
    rest = rest.dropLast(mark.count)
    return true
  }

  /// Up to 16 digits, which 2^53 has, and no zero before them: a number has one spelling.
  private static func takeNumber(_ rest: inout ArraySlice<UInt8>) -> Int? {
    let digits = rest.suffix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    guard 1...16 ~= digits.count, digits.first != UInt8(ascii: "0") else { return nil }
    rest = rest.dropLast(digits.count)
    return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
  }
}

extension ArraySlice<UInt8> {
  /// The longest end all of whose bytes fit.
  fileprivate func suffix(while fits: (UInt8) -> Bool) -> ArraySlice<UInt8> {
    let last = lastIndex { !fits($0) }
    return self[(last.map { $0 + 1 } ?? startIndex)...]
  }
}
