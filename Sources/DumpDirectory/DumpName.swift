import Clocks
import JSON

/// The name of a dump's file: `<stem>-YYYYMMDDTHHMMSSZ.bin`, or `<stem>-YYYYMMDDTHHMMSSZ-NNNN.bin` for a further dump
/// of the same second.
package struct DumpName: Sendable, Equatable {
  /// The part before the time.
  package let stem: String
  /// The time in UTC, as `YYYYMMDDTHHMMSSZ`.
  package let time: String
  /// The number among the dumps of one second, 0 for the first one.
  package let number: Int

  /// Creates a name from its parts.
  package init(stem: String, time: String, number: Int = 0) {
    self.stem = stem
    self.time = time
    self.number = number
  }

  /// Creates a name for a time.
  ///
  /// - Parameter seconds: Unix time.
  package init(stem: String, seconds: Int, number: Int = 0) {
    self.init(stem: stem, time: CivilTime(unixSeconds: seconds).compact, number: number)
  }

  /// Parses a file's name byte by byte. Returns `nil` when it is not the name of a dump, or when its time does not
  /// exist.
  package init?(_ file: String) {
    guard file.endsWithBytes(Self.suffix) else { return nil }
    var rest = Array(file.utf8)[...].dropLast(Self.suffix.utf8.count)
    let number = Self.number(atEndOf: rest)
    if number != nil { rest = rest.dropLast(Self.numberLength) }
    let (stem, time) = (rest.dropLast(Self.timeLength + 1), rest.suffix(Self.timeLength))
    guard !stem.isEmpty, rest[stem.endIndex] == UInt8(ascii: "-"), CivilTime(compact: time) != nil else { return nil }
    self.init(
      stem: String(decoding: stem, as: UTF8.self), time: String(decoding: time, as: UTF8.self), number: number ?? 0)
  }

  /// The ending of every dump's name.
  package static let suffix = ".bin"
  /// The largest number with four digits.
  static let largestNumber = 9999
  /// The length of `YYYYMMDDTHHMMSSZ` in bytes.
  private static let timeLength = 16
  /// The length of `-NNNN` in bytes.
  private static let numberLength = 5

  /// The file's name.
  package var file: String {
    let digits = String(number)
    let tail = number == 0 ? "" : "-" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    return "\(stem)-\(time)\(tail)\(Self.suffix)"
  }

  /// The name of the next dump in the same second.
  package var next: DumpName { DumpName(stem: stem, time: time, number: number + 1) }

  package static func == (left: DumpName, right: DumpName) -> Bool {
    left.stem.hasSameBytes(as: right.stem) && left.time == right.time && left.number == right.number
  }

  /// Parses the number at the end of a name.
  ///
  /// - Returns: `nil` when there is no number from 1 to 9999 in four digits.
  private static func number(atEndOf bytes: ArraySlice<UInt8>) -> Int? {
    let tail = bytes.suffix(numberLength)
    guard tail.count == numberLength, tail.first == UInt8(ascii: "-"), tail.dropFirst().allSatisfy(isDigit) else {
      return nil
    }
    let number = value(of: tail.dropFirst())
    return number > 0 ? number : nil
  }

  private static func value(of digits: ArraySlice<UInt8>) -> Int {
    digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
