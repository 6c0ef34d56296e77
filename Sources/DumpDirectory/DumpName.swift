import Clocks

/// The name of a dump's file: `<stem>-YYYYMMDDTHHMMSSZ.bin`, and `<stem>-YYYYMMDDTHHMMSSZ-NNNN.bin` for a further one in
/// the same second.
package struct DumpName: Sendable, Equatable {
  package let stem: String
  /// `YYYYMMDDTHHMMSSZ`
  package let time: String
  /// 0 for the first of a second.
  package let number: Int

  package init(stem: String, time: String, number: Int = 0) {
    self.stem = stem
    self.time = time
    self.number = number
  }

  /// - Parameter seconds: Unix time.
  package init(stem: String, seconds: Int, number: Int = 0) {
    self.init(stem: stem, time: CivilTime(unixSeconds: seconds).compact, number: number)
  }

  /// Reads a file's name; `nil` when it is not that of a dump.
  package init?(_ file: String) {
    guard file.hasSuffix(Self.suffix) else { return nil }
    var parts = file.dropLast(Self.suffix.count).split(separator: "-", omittingEmptySubsequences: false)
    var number = 0
    if let last = parts.last, last.count == 4, let value = Int(last), value > 0, last.allSatisfy(\.isWholeNumber),
      parts.count > 2
    {
      number = value
      parts.removeLast()
    }
    guard parts.count >= 2, let time = parts.popLast(), Self.isTime(time) else { return nil }
    self.init(stem: parts.joined(separator: "-"), time: String(time), number: number)
  }

  package static let suffix = ".bin"
  /// A larger one has more digits than a name of a dump.
  static let largestNumber = 9999

  package var file: String {
    let digits = String(number)
    let tail = number == 0 ? "" : "-" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    return "\(stem)-\(time)\(tail)\(Self.suffix)"
  }

  package var next: DumpName { DumpName(stem: stem, time: time, number: number + 1) }

  private static func isTime(_ text: Substring) -> Bool {
    let characters = Array(text.utf8)
    guard characters.count == 16, characters[8] == UInt8(ascii: "T"), characters[15] == UInt8(ascii: "Z") else {
      return false
    }
    return (Array(0..<8) + Array(9..<15)).allSatisfy {
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(characters[$0])
    }
  }
}
