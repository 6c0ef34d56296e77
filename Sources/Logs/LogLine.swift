import JSON
import Logging

/// One event as a single line, whatever its values contain.
struct LogLine {
  /// The time in RFC 3339 with milliseconds.
  let time: String
  let level: Logger.Level
  let message: String
  let metadata: Logger.Metadata

  func text(_ format: LogFormat) -> String { String(decoding: bytes(format), as: UTF8.self) }

  private func bytes(_ format: LogFormat) -> [UInt8] {
    switch format {
    case .plain: plain
    case .json: json
    }
  }

  /// The largest length of a line in bytes. A client's input can occur in a line several times, and log drivers accept
  /// lines of about 16 to 256 KiB.
  static let limit = 64 << 10
  private static let mostValues = 64

  /// The line as UTF-8. Values are shortened if it would be longer than the limit.
  func boundedBytes(_ format: LogFormat) -> [UInt8] {
    let whole = bytes(format)
    guard whole.count > Self.limit else { return whole }
    let kept = sorted.prefix(Self.mostValues)
    // Escaping turns a byte into at most six (`\u001b`), and a key can be as long as its value.
    let share = Self.limit / 16 / (kept.count + 1)
    var metadata: Logger.Metadata = ["log.cut.bytes": .stringConvertible(whole.count)]
    for (key, value) in kept { metadata[Self.cut(key, share)] = .string(Self.cut(Self.text(value), share)) }
    return LogLine(time: time, level: level, message: Self.cut(message, share), metadata: metadata).bytes(format)
  }

  private static func cut(_ text: String, _ limit: Int) -> String {
    text.utf8.count <= limit ? text : String(decoding: text.utf8.prefix(limit), as: UTF8.self) + "…"
  }

  /// The usual length of a line. Each request logs one, so a line is put together in one buffer.
  private static let usualSize = 256

  private var plain: [UInt8] {
    var line: [UInt8] = []
    line.reserveCapacity(Self.usualSize)
    Self.appendPlainHead(time, level, to: &line)
    Self.append(message, to: &line)
    for (key, value) in sorted {
      line.append(UInt8(ascii: " "))
      Self.append(key, to: &line)
      line.append(UInt8(ascii: "="))
      let text = Self.text(value)
      let isQuoted = text.isEmpty || text.utf8.contains(UInt8(ascii: " "))
      if isQuoted { line.append(UInt8(ascii: "\"")) }
      Self.append(text, to: &line)
      if isQuoted { line.append(UInt8(ascii: "\"")) }
    }
    return line
  }

  /// Appends the time and the level of a line of plain text, and the space behind them.
  static func appendPlainHead(_ time: String, _ level: Logger.Level, to line: inout [UInt8]) {
    line += time.utf8
    line.append(UInt8(ascii: " "))
    let word = level.rawValue.uppercased()
    line += word.utf8
    for _ in 0..<max(1, 9 - word.utf8.count) { line.append(UInt8(ascii: " ")) }
  }

  /// Appends a text with its control characters escaped.
  private static func append(_ text: String, to line: inout [UInt8]) {
    if text.utf8.allSatisfy({ 0x20...0x7E ~= $0 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
      line += text.utf8
    } else {
      line += escaped(text).utf8
    }
  }

  /// The names of the members that every line has in JSON.
  private static let ownMembers = ["time", "level", "message"]

  private var json: [UInt8] {
    let sorted = sorted
    guard !sorted.contains(where: { Self.ownMembers.containsBytes(of: $0.key) }) else {
      var object: JSONObject = [
        "time": .string(time), "level": .string(level.rawValue), "message": .string(message),
      ]
      for (key, value) in sorted { object[key] = Self.json(value) }
      return JSONWriter.bytes(object)
    }
    var line: [UInt8] = []
    line.reserveCapacity(Self.usualSize)
    Self.append("{", "time", .string(time), to: &line)
    Self.append(",", "level", .string(level.rawValue), to: &line)
    Self.append(",", "message", .string(message), to: &line)
    for (key, value) in sorted { Self.append(",", key, value, to: &line) }
    line.append(UInt8(ascii: "}"))
    return line
  }

  /// Appends a member of a JSON object.
  private static func append(
    _ separator: Unicode.Scalar, _ key: String, _ value: Logger.MetadataValue, to line: inout [UInt8]
  ) {
    line.append(UInt8(ascii: separator))
    JSONWriter.write(string: key, into: &line)
    line.append(UInt8(ascii: ":"))
    switch json(value) {
    case .string(let text): JSONWriter.write(string: text, into: &line)
    case let other: line += JSONWriter.bytes(other)
    }
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
