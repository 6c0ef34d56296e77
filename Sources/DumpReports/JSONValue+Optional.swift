import JSON

extension JSONValue {
  /// A text, or null when there is none.
  static func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
}
