/// A number as it was written, so that `1.0`, `1e3` and integers of any length are written unchanged.
package struct JSONNumber: Sendable {
  /// The number's text, valid by the JSON grammar.
  package let literal: String

  /// A 64-bit integer in decimal.
  package init(_ value: Int) {
    literal = String(value)
  }

  /// The shortest literal of a double, or `nil` for infinities and NaN, which JSON can't express.
  package init?(_ value: Double) {
    guard value.isFinite else { return nil }
    literal = value.description
  }

  init(uncheckedLiteral: String) {
    literal = uncheckedLiteral
  }

  /// The value, or `nil` when the literal is not an integer that fits 64 bits.
  package var int: Int? { Int(literal) }

  /// The nearest double, or infinity when the literal is out of range.
  package var double: Double { Double(literal) ?? .infinity }

  /// Whether the literal has neither a fraction nor an exponent.
  package var isInteger: Bool { !literal.utf8.contains { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") } }
}

extension JSONNumber: Equatable {
  package static func == (left: JSONNumber, right: JSONNumber) -> Bool {
    if left.literal == right.literal { return true }
    if left.isInteger && right.isInteger {
      // `-0` and `0` are the only two spellings of one integer.
      return left.int == 0 && right.int == 0
    }
    return left.double == right.double
  }
}

extension JSONNumber {
  /// The sum of two numbers, which is exact for 64-bit integers.
  ///
  /// - Returns: `nil` when the sum is out of range.
  package func adding(_ other: JSONNumber) -> JSONNumber? {
    if isInteger && other.isInteger {
      guard let left = int, let right = other.int else { return nil }
      let (sum, overflow) = left.addingReportingOverflow(right)
      return overflow ? nil : JSONNumber(sum)
    }
    return JSONNumber(double + other.double)
  }
}
