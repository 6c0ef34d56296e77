import NIOCore

/// Reads heads of requests without a copy. It takes only what every reader of HTTP/1.1 understands in one way; a head
/// that it does not take goes the long way through NIO's decoder, which judges it.
enum RequestHeadParser {
  /// Longer heads take the long way.
  static let longest = 8 << 10
  static let mostFields = 100

  /// The head at the beginning of some bytes.
  ///
  /// - Returns: `nil` when there is no whole head, or it is not of the simple kind.
  static func parse(_ buffer: ByteBuffer) -> RequestHead? {
    var parser = Parser()
    let length = buffer.withUnsafeReadableBytes { parser.parse($0) }
    guard let length, let bytes = buffer.getSlice(at: buffer.readerIndex, length: length) else { return nil }
    return RequestHead(
      bytes: bytes, method: parser.method, methodName: 0..<parser.methodEnd,
      target: parser.methodEnd + 1..<parser.targetEnd, minorVersion: 1, fields: parser.fields,
      contentLength: parser.contentLength, isChunked: false, kinds: parser.kinds)
  }

  /// Whether some bytes begin with a request line of the data plane, whatever follows.
  static func isOfDataPlane(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var index = 0
    while index < bytes.count, index < 8, bytes[index] != 0x20 { index += 1 }
    let prefix = CallPath.prefixBytes
    guard index + 1 + prefix.utf8CodeUnitCount <= bytes.count else { return false }
    for offset in 0..<prefix.utf8CodeUnitCount where bytes[index + 1 + offset] != prefix.utf8Start[offset] {
      return false
    }
    return true
  }

  private struct Parser {
    var method = RequestHead.Method.other
    var methodEnd = 0
    var targetEnd = 0
    var fields: [RequestHead.Field] = []
    var contentLength: Int?
    var kinds: UInt32 = 0

    /// - Returns: the length of the head.
    mutating func parse(_ bytes: UnsafeRawBufferPointer) -> Int? {
      let end = min(bytes.count, longest)
      guard var index = parseLine(bytes, end) else { return nil }
      fields.reserveCapacity(16)
      while index + 1 < end {
        if bytes[index] == 0x0D {
          guard bytes[index + 1] == 0x0A, kinds & 1 << UInt32(RequestHead.Kind.host.rawValue) != 0 else { return nil }
          return index + 2
        }
        guard fields.count < mostFields, let next = parseField(bytes, index, end) else { return nil }
        index = next
      }
      return nil
    }

    /// `GET /api/rest/orders/v1/items HTTP/1.1`
    private mutating func parseLine(_ bytes: UnsafeRawBufferPointer, _ end: Int) -> Int? {
      var index = 0
      while index < end, bytes[index] != 0x20 {
        guard 0x41...0x5A ~= bytes[index] else { return nil }
        index += 1
      }
      methodEnd = index
      guard let known = RequestHeadNames.method(bytes, methodEnd) else { return nil }
      method = known
      index += 1
      let start = index
      while index < end, bytes[index] != 0x20 {
        // Only ASCII; no fragment.
        guard 0x21...0x7E ~= bytes[index], bytes[index] != UInt8(ascii: "#") else { return nil }
        index += 1
      }
      targetEnd = index
      // An absolute target takes the long way, too.
      guard targetEnd > start, bytes[start] == UInt8(ascii: "/") else { return nil }
      let version: StaticString = " HTTP/1.1\r\n"
      guard index + version.utf8CodeUnitCount <= end else { return nil }
      for offset in 0..<version.utf8CodeUnitCount where bytes[index + offset] != version.utf8Start[offset] {
        return nil
      }
      return index + version.utf8CodeUnitCount
    }

    private mutating func parseField(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Int? {
      var colon = start
      while colon < end, RequestHeadNames.isToken(bytes[colon]) { colon += 1 }
      guard colon > start, colon < end, bytes[colon] == UInt8(ascii: ":") else { return nil }
      var first = colon + 1
      while first < end, bytes[first] == 0x20 || bytes[first] == 0x09 { first += 1 }
      var line = first
      line = HeadText.end(bytes, line, end)
      guard line + 1 < end, bytes[line] == 0x0D, bytes[line + 1] == 0x0A else { return nil }
      var last = line
      while last > first, bytes[last - 1] == 0x20 { last -= 1 }
      // Some readers take a tab at the end for a part of the value.
      guard last == first || bytes[last - 1] != 0x09 else { return nil }
      let kind = RequestHeadNames.kind(bytes, start..<colon)
      guard note(kind, bytes, first..<last) else { return nil }
      fields.append(
        RequestHead.Field(
          kind: kind, nameStart: UInt16(start), nameEnd: UInt16(colon), valueStart: UInt16(first),
          valueEnd: UInt16(last)))
      return line + 2
    }

    /// - Returns: `false` for a field that needs the long way.
    private mutating func note(_ kind: RequestHead.Kind, _ bytes: UnsafeRawBufferPointer, _ value: Range<Int>) -> Bool {
      let bit: UInt32 = 1 << UInt32(kind.rawValue)
      defer { kinds |= bit }
      switch kind {
      case .host:
        return kinds & bit == 0 && RequestHeadNames.isPlainHost(bytes, value)
      case .contentLength:
        guard kinds & bit == 0, (1...15).contains(value.count) else { return false }
        var length = 0
        for index in value {
          guard 0x30...0x39 ~= bytes[index] else { return false }
          length = length * 10 + Int(bytes[index] - 0x30)
        }
        contentLength = length
        return true
      case .transferEncoding, .upgrade: return false
      case .connection:
        return RequestHeadNames.isNamed(bytes, value, "keep-alive") || RequestHeadNames.isNamed(bytes, value, "close")
      default: return true
      }
    }
  }
}
