import JSON

/// Compares a response's body with a recorded one: keys, types and every value, except those that differ from run to
/// run.
struct BodyComparison {
  /// Keys that may occur in addition to the recorded ones, by the exchange's name.
  static let extraKeys: [String: Set<String>] = [
    "user: list": ["page", "page_size", "has_next", "total"],
    "dump": dumpKeys, "dump, no body": dumpKeys, "gateway status as admin": ["upstreams", "circuit_breakers"],
  ]

  private static let dumpKeys: Set<String> = [
    "sequence", "epoch", "documents", "bytes", "sha256", "created_at", "format", "collections",
  ]

  /// Values that depend on the server and the day. Only their type is compared.
  private static let volatileKeys: Set<String> = [
    "api_id", "endpoint_id", "_id", "path", "dump_path", "created_at", "memory_usage", "active_connections", "uptime",
  ]

  let exchange: String

  /// - Returns: the differences, each with its path.
  func differences(_ expected: JSONValue, _ actual: JSONValue, at place: String = "body", key: String = "") -> [String]
  {
    switch (expected, actual) {
    case (.object(let expected), .object(let actual)):
      let extra = Self.extraKeys[exchange] ?? []
      let unknown = actual.keys.filter { expected[$0] == nil && !extra.contains($0) }
      return unknown.map { "\(place).\($0) is not in the contract; extraKeys allows a new member" }
        + expected.members.flatMap { member -> [String] in
          guard let value = actual[member.key] else { return ["\(place).\(member.key) is missing"] }
          return differences(member.value, value, at: "\(place).\(member.key)", key: member.key)
        }
    case (.array(let expected), .array(let actual)):
      guard expected.count == actual.count else {
        return ["\(place) has \(actual.count) elements instead of \(expected.count)"]
      }
      return zip(expected, actual).enumerated().flatMap { index, pair in
        differences(pair.0, pair.1, at: "\(place)[\(index)]")
      }
    case (.string(let expected), .string(let actual)):
      return isSame(expected, actual, key) ? [] : ["\(place) is '\(actual)' instead of '\(expected)'"]
    case (.string("<time>"), .number):
      return []
    case (.number, .number) where Self.volatileKeys.contains(key):
      return []
    default:
      return expected == actual
        ? [] : ["\(place) is \(JSONWriter.text(actual)) instead of \(JSONWriter.text(expected))"]
    }
  }

  private func isSame(_ expected: String, _ actual: String, _ key: String) -> Bool {
    switch expected {
    case "<text>": !actual.isEmpty && actual != "<text>"
    case "<jwt>": actual.split(separator: ".").count == 3
    case "<uuid>": isUUID(actual)
    default:
      switch key {
      case "api_id", "endpoint_id", "_id": isUUID(actual)
      case "uptime": actual.wholeMatch(of: /([0-9]+d )?([0-9]+h )?[0-9]+m [0-9]+s/) != nil
      case "memory_usage": actual.wholeMatch(of: /[0-9]+\.[0-9]%/) != nil
      case "created_at": actual.wholeMatch(of: /[0-9-]{10}T[0-9:.]+Z/) != nil
      case "path": actual.wholeMatch(of: /\/.*-[0-9]{8}T[0-9]{6}Z(-[0-9]{4})?\.bin/) != nil
      case "dump_path": actual.hasSuffix("/memory_dump.bin")
      default: actual == expected
      }
    }
  }

  private func isUUID(_ text: String) -> Bool {
    text.wholeMatch(of: /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/) != nil
  }
}
