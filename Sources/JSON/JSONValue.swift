import Glibc

/// A JSON document as a value (RFC 8259).
///
/// Strings are compared by their UTF-8 bytes, not by Unicode equivalence, so two keys that only look alike are two
/// keys.
package enum JSONValue: Sendable {
  case null
  case bool(Bool)
  case number(JSONNumber)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)
}

extension JSONValue {
  /// A number from an integer.
  package static func integer(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }

  /// An array of strings.
  package static func strings(_ values: some Sequence<String>) -> JSONValue { .array(values.map { .string($0) }) }

  /// Whether the value is null.
  package var isNull: Bool { if case .null = self { true } else { false } }

  /// The Boolean, or `nil` for a value of another type.
  package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// The number, or `nil` for a value of another type.
  package var number: JSONNumber? { if case .number(let value) = self { value } else { nil } }

  /// The string, or `nil` for a value of another type.
  package var string: String? { if case .string(let value) = self { value } else { nil } }

  /// The elements of the array, or `nil` for a value of another type.
  package var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }

  /// The object, or `nil` for a value of another type.
  package var object: JSONObject? { if case .object(let value) = self { value } else { nil } }

  /// The strings in an array, without its other elements, or `nil` when the value is not an array.
  package var strings: [String]? { array.map { $0.compactMap(\.string) } }
}

extension JSONValue: Equatable {
  /// Compares numbers by value (`1` equals `1.0`), and objects without regard to the order of their members.
  package static func == (left: JSONValue, right: JSONValue) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let left), .bool(let right)): left == right
    case (.number(let left), .number(let right)): left == right
    case (.string(let left), .string(let right)): left.hasSameBytes(as: right)
    case (.array(let left), .array(let right)): left == right
    case (.object(let left), .object(let right)): left == right
    default: false
    }
  }
}

/// There is no `nil` literal, because it would turn every missing optional JSON value into a null.
extension JSONValue: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// A Boolean from a literal.
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  /// A number from a literal.
  package init(integerLiteral value: Int) { self = .integer(value) }
  /// A string from a literal.
  package init(stringLiteral value: String) { self = .string(value) }
  /// An array from a literal.
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// An object from a literal. If a key is repeated, the last value is kept.
  package init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(elements)) }
}

extension String {
  /// Whether both strings have the same UTF-8 bytes.
  package func hasSameBytes(as other: String) -> Bool {
    let length = utf8.count
    guard length == other.utf8.count else { return false }
    let (left, right) = (utf8.span, other.utf8.span)
    return left.withUnsafeBufferPointer { left in
      right.withUnsafeBufferPointer { right in
        guard let a = left.baseAddress, let b = right.baseAddress else { return true }
        return memcmp(a, b, length) == 0
      }
    }
  }

  /// Whether this string's UTF-8 bytes come before the other's.
  package func precedesByBytes(_ other: String) -> Bool {
    utf8.lexicographicallyPrecedes(other.utf8)
  }
}
