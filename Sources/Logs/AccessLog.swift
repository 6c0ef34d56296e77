import Logging

/// Writes one line for each request.
package struct AccessLog: Sendable {
  private let output: LogOutput?
  private let level: LogLevel

  /// An access log that writes to an output.
  ///
  /// - Parameter level: the lowest level that is written.
  package init(_ output: LogOutput, level: LogLevel) {
    self.output = output
    self.level = level
  }

  private init() {
    output = nil
    level = .critical
  }

  /// An access log that writes nothing.
  package static let none = AccessLog()

  /// Writes a request's line, unless its level is below the lowest one that is written.
  package func write(_ record: @autoclosure () -> AccessRecord, level: LogLevel) {
    guard let output, level >= self.level else { return }
    output.write(record(), level)
  }
}

/// A request that was answered, for the log. It has no query, since clients put secrets there, no header field and no
/// body.
package struct AccessRecord: Sendable {
  /// The message of each line.
  static let message = "request"

  /// The request's identifier.
  package let id: String
  /// The method.
  package let method: String
  /// The path without its query.
  package let path: String
  /// The status of the response.
  package let status: Int
  /// The time that the response took.
  package let duration: Duration
  /// The address of the connection's other end.
  package let client: String

  /// Creates a record from its parts.
  package init(id: String, method: String, path: String, status: Int, duration: Duration, client: String) {
    self.id = id
    self.method = method
    self.path = path
    self.status = status
    self.duration = duration
    self.client = client
  }

  private var microseconds: Int {
    let (seconds, attoseconds) = duration.components
    return Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000)
  }

  /// The line with these values, in any format.
  func line(at time: String, _ level: LogLevel) -> LogLine {
    LogLine(
      time: time, level: level, message: Self.message,
      metadata: [
        "request.id": .string(id), "request.method": .string(method), "request.path": .string(path),
        "response.status": .stringConvertible(status), "duration.us": .stringConvertible(microseconds),
        "client.address": .string(client),
      ])
  }

  /// The bytes of `line(at:_:)` without a dictionary and without a search for escapes in each part, since every request
  /// logs a line.
  ///
  /// - Returns: `nil` when a value has a character that may need quotes or an escape.
  func bytes(at time: String, _ level: LogLevel, _ format: LogFormat) -> [UInt8]? {
    guard [client, id, method, path].allSatisfy(Self.isPlain) else { return nil }
    var line: [UInt8] = []
    line.reserveCapacity(384)
    switch format {
    case .plain:
      LogLine.appendPlainHead(time, level, to: &line)
      line += Self.message.utf8
      append(to: &line, before: " ", between: "=", around: "")
    case .json:
      line += "{\"time\":\"".utf8
      line += time.utf8
      line += "\",\"level\":\"".utf8
      line += level.rawValue.utf8
      line += "\",\"message\":\"".utf8
      line += Self.message.utf8
      line.append(UInt8(ascii: "\""))
      append(to: &line, before: ",\"", between: "\":", around: "\"")
      line.append(UInt8(ascii: "}"))
    }
    return line
  }

  /// Appends the members, sorted by their names.
  private func append(
    to line: inout [UInt8], before: StaticString, between: StaticString, around: StaticString
  ) {
    func append(_ text: StaticString) {
      text.withUTF8Buffer { line.append(contentsOf: $0) }
    }
    func append(_ name: StaticString, _ text: String, around: StaticString) {
      append(before)
      append(name)
      append(between)
      append(around)
      line += text.utf8
      append(around)
    }
    append("client.address", client, around: around)
    append("duration.us", String(microseconds), around: "")
    append("request.id", id, around: around)
    append("request.method", method, around: around)
    append("request.path", path, around: around)
    append("response.status", String(status), around: "")
  }

  /// Whether a text stands in a line of either format as it is.
  private static func isPlain(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { 0x21...0x7E ~= $0 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
  }
}
