import JSON
import NIOCore

/// Reads the head of an answer (RFC 9112), strictly: whatever two readers might see differently is refused.
enum ResponseHeadParser {
  /// The longest head, in bytes.
  static let longest = 64 << 10
  static let mostFields = 256

  /// The length of the head at the beginning of some bytes, with its empty line, or `nil` when it has not come whole.
  ///
  /// - Parameter searched: bytes that a call before found no end in.
  static func length(_ bytes: UnsafeRawBufferPointer, searched: Int) -> Int? {
    var index = max(0, searched - 3)
    while index + 3 < bytes.count {
      if bytes[index + 3] > 0x0D {
        index += 4
      } else if bytes[index] == 0x0D, bytes[index + 1] == 0x0A, bytes[index + 2] == 0x0D, bytes[index + 3] == 0x0A {
        return index + 4
      } else {
        index += 1
      }
    }
    return nil
  }

  /// Whether some bytes may be the beginning of an answer. Lines that end without CR never end a head.
  ///
  /// - Parameter searched: bytes that a call before found no fault in.
  static func mayBegin(_ bytes: UnsafeRawBufferPointer, searched: Int) -> Bool {
    for index in searched..<bytes.count where bytes[index] == 0x0A {
      guard index > 0, bytes[index - 1] == 0x0D else { return false }
    }
    let start: StaticString = "HTTP/1."
    for index in 0..<min(bytes.count, start.utf8CodeUnitCount) where bytes[index] != start.utf8Start[index] {
      return false
    }
    return true
  }

  /// Parses a head.
  ///
  /// - Parameters:
  ///   - buffer: the head, to its empty line.
  ///   - hasNoBody: whether the answer is to `HEAD`.
  static func parse(_ buffer: ByteBuffer, hasNoBody: Bool) throws(ResponseFault) -> ResponseHead {
    var parser = Parser()
    var fault: ResponseFault?
    buffer.withUnsafeReadableBytes { bytes in
      do throws(ResponseFault) { try parser.parse(bytes) } catch { fault = error }
    }
    if let fault { throw fault }
    return try parser.head(buffer, hasNoBody: hasNoBody)
  }

  private struct Parser {
    var status = 0
    var minorVersion = 1
    var fields: [ResponseHead.Field] = []
    var length: Int?
    var hasSeveralLengths = false
    var codings: [String] = []
    /// The words of `Connection` besides `close` and `keep-alive`.
    var connection: [String] = []
    var (saysClose, saysKeepAlive) = (false, false)

    mutating func parse(_ bytes: UnsafeRawBufferPointer) throws(ResponseFault) {
      var line = try Self.lineEnd(bytes, from: 0)
      try parseStatus(bytes, end: line)
      fields.reserveCapacity(16)
      while true {
        let start = line + 2
        line = try Self.lineEnd(bytes, from: start)
        if line == start { break }
        try parseField(bytes, start, line)
      }
    }

    /// The place of the next line end, where bytes that stand in no line are refused.
    private static func lineEnd(_ bytes: UnsafeRawBufferPointer, from start: Int) throws(ResponseFault) -> Int {
      let end = HeadText.end(bytes, start, bytes.count)
      if end < bytes.count {
        guard bytes[end] == 0x0D, end + 1 < bytes.count, bytes[end + 1] == 0x0A else {
          throw ResponseFault("a control character stands in the head")
        }
        return end
      }
      throw ResponseFault("the head has no end")
    }

    /// `HTTP/1.1 200 OK`
    private mutating func parseStatus(_ bytes: UnsafeRawBufferPointer, end: Int) throws(ResponseFault) {
      guard end >= 12 else { throw ResponseFault("the status line is too short") }
      guard mayBegin(bytes, searched: bytes.count) else { throw ResponseFault("the answer is not HTTP/1") }
      guard bytes[7] == 0x30 || bytes[7] == 0x31, bytes[8] == 0x20 else {
        throw ResponseFault("the answer is not HTTP/1.1 or HTTP/1.0")
      }
      minorVersion = Int(bytes[7] - 0x30)
      for index in 9..<12 {
        guard 0x30...0x39 ~= bytes[index] else { throw ResponseFault("the status is no number") }
        status = status * 10 + Int(bytes[index] - 0x30)
      }
      guard (100...599).contains(status) else { throw ResponseFault("the status is none of HTTP") }
      guard end == 12 || bytes[12] == 0x20 else { throw ResponseFault("the status line is not valid") }
    }

    private mutating func parseField(
      _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int
    ) throws(ResponseFault) {
      guard fields.count < mostFields else { throw ResponseFault("the head has too many fields") }
      var colon = start
      while colon < end, Self.isToken(bytes[colon]) { colon += 1 }
      guard colon > start, colon < end, bytes[colon] == UInt8(ascii: ":") else {
        throw ResponseFault("a line of the head is no field")
      }
      var (first, last) = (colon + 1, end)
      while first < last, Self.isSpace(bytes[first]) { first += 1 }
      while last > first, Self.isSpace(bytes[last - 1]) { last -= 1 }
      fields.append(ResponseHead.Field(name: start..<colon, value: first..<last))
      try note(bytes, start..<colon, first..<last)
    }

    private mutating func note(
      _ bytes: UnsafeRawBufferPointer, _ name: Range<Int>, _ value: Range<Int>
    ) throws(ResponseFault) {
      let text = { UnsafeRawBufferPointer(rebasing: bytes[value]) }
      switch name.count {
      case 14 where RequestHeadNames.isNamed(bytes, name, "content-length"):
        guard let number = Self.number(text()), !Self.hasTab(bytes, behind: value) else {
          throw ResponseFault("the Content-Length is no number")
        }
        hasSeveralLengths = length != nil
        length = number
      case 17 where RequestHeadNames.isNamed(bytes, name, "transfer-encoding"):
        guard !Self.hasTab(bytes, behind: value) else { throw ResponseFault("a tab follows the Transfer-Encoding") }
        codings.append(String(decoding: text(), as: UTF8.self).asciiLowercased)
      case 10 where RequestHeadNames.isNamed(bytes, name, "connection"):
        if RequestHeadNames.isNamed(bytes, value, "keep-alive") {
          saysKeepAlive = true
        } else if RequestHeadNames.isNamed(bytes, value, "close") {
          saysClose = true
        } else {
          noteConnection(String(decoding: text(), as: UTF8.self))
        }
      default: break
      }
    }

    private mutating func noteConnection(_ value: String) {
      for word in value.parts(betweenBytes: UInt8(ascii: ",")).map(\.withoutOuterSpace.asciiLowercased) {
        switch word {
        case "close": saysClose = true
        case "keep-alive": saysKeepAlive = true
        // The body's end is for every reader, so no connection has them to itself (RFC 9110, section 7.6.1).
        case "content-length", "transfer-encoding": break
        default: connection.append(word)
        }
      }
    }

    func head(_ buffer: ByteBuffer, hasNoBody: Bool) throws(ResponseFault) -> ResponseHead {
      guard !hasSeveralLengths else { throw ResponseFault("the answer has several Content-Length fields") }
      let framing = try framing(hasNoBody: hasNoBody)
      let keepsAlive = minorVersion == 1 || saysKeepAlive
      return ResponseHead(
        status: status, minorVersion: minorVersion, bytes: buffer, fields: fields, framing: framing,
        closes: saysClose || !keepsAlive || framing == .untilClose, contentLength: length,
        connectionNames: connection)
    }

    private func framing(hasNoBody: Bool) throws(ResponseFault) -> ResponseHead.Framing {
      if !codings.isEmpty {
        guard length == nil else { throw ResponseFault("the answer has a Transfer-Encoding and a Content-Length") }
        guard minorVersion == 1, codings.count == 1, codings[0].hasSameBytes(as: "chunked") else {
          throw ResponseFault("the Transfer-Encoding is not 'chunked'")
        }
      }
      if hasNoBody || status < 200 || status == 204 || status == 304 { return .none }
      if !codings.isEmpty { return .chunked }
      return length.map { .counted($0) } ?? .untilClose
    }

    private static func number(_ text: UnsafeRawBufferPointer) -> Int? {
      guard (1...18).contains(text.count) else { return nil }
      var number = 0
      for byte in text {
        guard 0x30...0x39 ~= byte else { return nil }
        number = number * 10 + Int(byte - 0x30)
      }
      return number
    }

    /// Some readers take a tab for a part of the value.
    private static func hasTab(_ bytes: UnsafeRawBufferPointer, behind value: Range<Int>) -> Bool {
      var index = value.upperBound
      while bytes[index] == 0x20 { index += 1 }
      return bytes[index] == 0x09
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    private static func isToken(_ byte: UInt8) -> Bool { RequestHeadNames.isToken(byte) }
  }
}
