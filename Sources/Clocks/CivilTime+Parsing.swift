extension CivilTime {
  /// Reads a time of a dump's name, as `20261123T201137Z`.
  ///
  /// - Returns: `nil` for any other shape, and for a moment that does not exist, as 30 February.
  package init?(compact text: some Collection<UInt8>) {
    guard let fields = Self.fields(of: text, shape: "YYYYMMDDTHHMMSSZ"), let time = CivilTime(fields),
      CivilTime(unixSeconds: time.unixSeconds).compact.utf8.elementsEqual(text)
    else { return nil }
    self = time
  }

  /// Reads a time of RFC 3339 in UTC, as `2026-11-23T20:11:37Z`, with or without a fraction of a second.
  ///
  /// - Returns: Unix seconds, rounded down, or `nil` for anything else.
  package static func unixSeconds(of text: String) -> Int? {
    extended(text).flatMap { CivilTime($0.fields)?.unixSeconds }
  }

  /// Brings a time of RFC 3339 in UTC into a form whose order as text is the order of the times. It has nine digits of
  /// a fraction.
  ///
  /// - Returns: `nil` for anything else, and for more than nine digits of a fraction. The moment need not exist.
  package static func sortable(_ text: String) -> String? {
    guard let time = extended(text), (0...9).contains(time.fraction.count), time.hasFraction == !time.fraction.isEmpty
    else { return nil }
    let fraction = String(decoding: time.fraction, as: UTF8.self)
    return String(decoding: time.seconds, as: UTF8.self) + "." + fraction
      + String(repeating: "0", count: 9 - time.fraction.count) + "Z"
  }

  /// The parts of a time of RFC 3339.
  struct Extended {
    let fields: [Int]
    let seconds: ArraySlice<UInt8>
    let hasFraction: Bool
    let fraction: ArraySlice<UInt8>
  }

  static func extended(_ text: String) -> Extended? {
    let bytes = Array(text.utf8)
    let shape: StaticString = "YYYY-MM-DDTHH:MM:SS"
    guard bytes.count > shape.utf8CodeUnitCount, bytes.last == UInt8(ascii: "Z"),
      let fields = fields(of: bytes.prefix(shape.utf8CodeUnitCount), shape: shape)
    else { return nil }
    let rest = bytes[shape.utf8CodeUnitCount...].dropLast()
    guard rest.isEmpty || rest.first == UInt8(ascii: "."), rest.dropFirst().allSatisfy({ value(of: $0) != nil }) else {
      return nil
    }
    return Extended(
      fields: fields, seconds: bytes.prefix(shape.utf8CodeUnitCount), hasFraction: !rest.isEmpty,
      fraction: rest.dropFirst())
  }

  /// Reads the numbers of a text.
  ///
  /// - Parameter shape: has a digit where it has one of the letters `YMDHS`, and is the text itself elsewhere. Another
  ///   number begins where the letter changes.
  static func fields(of text: some Collection<UInt8>, shape: StaticString) -> [Int]? {
    let letters = Array("YMDHS".utf8)
    return shape.withUTF8Buffer { shape in
      guard text.count == shape.count else { return nil }
      var fields: [Int] = []
      var last: UInt8?
      for (byte, place) in zip(text, shape) {
        guard letters.contains(place) else {
          guard byte == place else { return nil }
          last = nil
          continue
        }
        guard let digit = value(of: byte) else { return nil }
        if place == last {
          fields[fields.count - 1] = fields[fields.count - 1] * 10 + digit
        } else {
          fields.append(digit)
        }
        last = place
      }
      return fields
    }
  }

  private static func value(of digit: UInt8) -> Int? {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) ? Int(digit - UInt8(ascii: "0")) : nil
  }
}
