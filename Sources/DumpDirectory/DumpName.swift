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

/// A moment in UTC, by the proleptic Gregorian calendar.
package struct CivilTime: Sendable {
  private let year, month, day, hour, minute, second: Int

  package init(unixSeconds: Int) {
    let days = unixSeconds >= 0 ? unixSeconds / 86_400 : (unixSeconds - 86_399) / 86_400
    let rest = unixSeconds - days * 86_400
    (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60)
    // Days to civil date after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  /// `20261123T201137Z`
  package var compact: String {
    "\(Self.pad(year, 4))\(Self.pad(month))\(Self.pad(day))T\(Self.pad(hour))\(Self.pad(minute))\(Self.pad(second))Z"
  }

  /// `2026-11-23T20:11:37.454068Z` (RFC 3339).
  package func extended(microseconds: Int) -> String {
    "\(Self.pad(year, 4))-\(Self.pad(month))-\(Self.pad(day))T\(Self.pad(hour)):\(Self.pad(minute)):\(Self.pad(second))."
      + "\(Self.pad(microseconds, 6))Z"
  }

  private static func pad(_ value: Int, _ width: Int = 2) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
