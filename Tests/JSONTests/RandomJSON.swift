import JSON

/// Random values, including strings and numbers that parsers often handle wrongly.
struct RandomJSON {
  private static let texts = [
    "", "a", "é", "e\u{301}", "\"", "\\", "\u{0}", "\u{1F}", "\n", "😀", "</script>", "\u{2028}", "key", "_id", "a.b",
    "\u{7F}",
  ]
  private static let numbers = ["0", "-0", "1", "-1", "1.0", "1e3", "-2.5E-7", "123456789012345678901234567890", "0.1"]

  static func value(depth: Int, using generator: inout some RandomNumberGenerator) -> JSONValue {
    switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &generator) {
    case 0: return .null
    case 1: return .bool(Bool.random(using: &generator))
    case 2:
      let literal = numbers.randomElement(using: &generator) ?? "0"
      return (try? JSONParser().parse(literal)) ?? .null
    case 3, 4: return .string(text(using: &generator))
    case 5:
      return .array(
        (0..<Int.random(in: 0..<4, using: &generator)).map { _ in value(depth: depth - 1, using: &generator) })
    default: return .object(object(depth: depth - 1, using: &generator))
    }
  }

  static func object(depth: Int, using generator: inout some RandomNumberGenerator) -> JSONObject {
    JSONObject(
      (0..<Int.random(in: 0..<5, using: &generator)).map { _ in
        (text(using: &generator), value(depth: depth, using: &generator))
      })
  }

  static func text(using generator: inout some RandomNumberGenerator) -> String {
    (0..<Int.random(in: 0..<3, using: &generator)).map { _ in texts.randomElement(using: &generator) ?? "" }.joined()
  }
}
