extension CivilTime {
  /// Reads a time of RFC 3339, as `2026-11-23T20:11:37.5Z` or `2026-11-23T21:11:37+01:00`.
  ///
  /// - Returns: microseconds of Unix time, rounded down, or `nil` for anything else, for more than nine digits of a
  ///   fraction, and for a moment that does not exist, as 30 February.
  package static func unixMicroseconds(of text: String) -> Int? {
    guard let (local, offset) = split(Array(text.utf8)), let time = extended(local),
      (0...9).contains(time.fraction.count),
      time.hasFraction == !time.fraction.isEmpty, let civil = CivilTime(time.fields),
      CivilTime(unixSeconds: civil.unixSeconds).extended.utf8.dropLast().elementsEqual(time.seconds)
    else { return nil }
    let digits = time.fraction.prefix(6)
    let padding = [UInt8](repeating: UInt8(ascii: "0"), count: 6 - digits.count)
    let microseconds = (digits + padding).reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    return (civil.unixSeconds - offset) * 1_000_000 + microseconds
  }

  /// A moment as in RFC 3339, with six digits of a fraction.
  ///
  /// - Parameter microseconds: of Unix time.
  package static func extended(unixMicroseconds microseconds: Int) -> String {
    let fraction = (microseconds % 1_000_000 + 1_000_000) % 1_000_000
    return CivilTime(unixSeconds: (microseconds - fraction) / 1_000_000).extended(microseconds: fraction)
  }

  /// The local time, with a `Z` behind it, and the seconds by which it is ahead of UTC.
  private static func split(_ text: [UInt8]) -> (local: String, offset: Int)? {
    if text.last == UInt8(ascii: "Z") { return (String(decoding: text, as: UTF8.self), 0) }
    let zone = text.suffix(6)
    guard zone.count == 6, let sign = zone.first, let numbers = fields(of: zone.dropFirst(), shape: "HH:MM"),
      numbers[0] < 24, numbers[1] < 60, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-")
    else { return nil }
    let offset = numbers[0] * 3600 + numbers[1] * 60
    let local = String(decoding: text.dropLast(6) + [UInt8(ascii: "Z")], as: UTF8.self)
    return (local, sign == UInt8(ascii: "+") ? offset : -offset)
  }
}

extension WallClock {
  /// The present moment in microseconds of Unix time.
  package var microseconds: Int {
    let moment = now()
    return moment.seconds * 1_000_000 + moment.microseconds
  }
}
