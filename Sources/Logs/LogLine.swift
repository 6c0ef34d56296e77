import JSON
import Logging

/// One event as a single line, whatever its values contain.
struct LogLine {
  /// The time in RFC 3339 with milliseconds.
  let time: String
  let level: Logger.Level
  let message: String
  let metadata: Logger.Metadata

  func text(_ format: LogFormat) -> String {
    switch format {
    case .plain: plain
    case .json: json
    }
  }

  /// The largest length of a line in bytes. A client's input can occur in a line several times, and log drivers accept
  /// lines of about 16 to 256 KiB.
  static let limit = 64 << 10
  private static let mostValues = 64

  /// The line. Values are shortened if it would be longer than the limit.
  func boundedText(_ format: LogFormat) -> String {
    let whole = text(format)
    guard whole.utf8.count > Self.limit else { return whole }
    let kept = sorted.prefix(Self.mostValues)
    // Escaping turns a byte into at most six (`\u001b`), and a key can be as long as its value.
    let share = Self.limit / 16 / (kept.count + 1)
    var metadata: Logger.Metadata = ["log.cut.bytes": .stringConvertible(whole.utf8.count)]
    for (key, value) in kept { metadata[Self.cut(key, share)] = .string(Self.cut(Self.text(value), share)) }
    return LogLine(time: time, level: level, message: Self.cut(message, share), metadata: metadata).text(format)
  }

  private static func cut(_ text: String, _ limit: Int) -> String {
    text.utf8.count <= limit ? text : String(decoding: text.utf8.prefix(limit), as: UTF8.self) + "…"
  }

  private var plain: String {
    let word = level.rawValue.uppercased()
    var line = "\(time) \(word)\(String(repeating: " ", count: max(0, 8 - word.count))) \(Self.escaped(message))"
    for (key, value) in sorted {
      let text = Self.escaped(Self.text(value))
      line += " \(Self.escaped(key))=" + (text.utf8.contains(UInt8(ascii: " ")) || text.isEmpty ? "\"\(text)\"" : text)
    }
    return line
  }

  private var json: String {
    var object: JSONObject = [
      "time": .string(time), "level": .string(level.rawValue), "message": .string(message),
    ]
    for (key, value) in sorted { object[key] = Self.json(value) }
    return JSONWriter.text(.object(object))
  }

  private var sorted: [(key: String, value: Logger.MetadataValue)] {
    metadata.sorted { $0.key < $1.key }
  }

  private static func json(_ value: Logger.MetadataValue) -> JSONValue {
    switch value {
    case .stringConvertible(let number as Int): .integer(number)
    case .array(let values): .array(values.map(json))
    case .dictionary(let values):
      .object(JSONObject(values.sorted { $0.key < $1.key }.map { ($0.key, json($0.value)) }))
    default: .string(text(value))
    }
  }

  private static func text(_ value: Logger.MetadataValue) -> String {
    switch value {
    case .string(let text): text
    case .stringConvertible(let value): value.description
    case .array(let values): "[" + values.map(text).joined(separator: ", ") + "]"
    case .dictionary(let values):
      "{" + values.sorted { $0.key < $1.key }.map { "\($0.key): \(text($0.value))" }.joined(separator: ", ") + "}"
    }
  }

  /// Escapes control characters, so that a value can neither start a second line nor change a terminal's colours.
  private static func escaped(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: mustBeEscaped) else { return text }
    return text.unicodeScalars.map { scalar in
      switch scalar {
      case "\n": "\\n"
      case "\r": "\\r"
      case "\t": "\\t"
      case "\"": "\\\""
      case "\\": "\\\\"
      default: mustBeEscaped(scalar) ? "\\u{\(String(scalar.value, radix: 16))}" : String(Character(scalar))
      }
    }.joined()
  }

  private static func mustBeEscaped(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || scalar == "\"" || scalar == "\\" || (0x7F...0x9F).contains(scalar.value)
      || scalar.value == 0x2028 || scalar.value == 0x2029
  }
}
