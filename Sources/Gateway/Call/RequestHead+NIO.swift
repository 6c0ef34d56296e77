import JSON
import NIOCore
import NIOHTTP1

extension RequestHead {
  /// The head of a request that came through NIO's decoder.
  ///
  /// - Returns: `nil` when it is longer than any head may be. The decoder bounds the bytes that came, but each that is
  ///   not UTF-8 becomes three.
  convenience init?(_ head: HTTPRequestHead) {
    var text = DecodedHead(head)
    for (name, value) in head.headers {
      guard text.add(name, value) else { return nil }
    }
    text.end()
    self.init(text, head)
  }

  /// The part of a head that is too long by which it can be answered.
  convenience init(shortened head: HTTPRequestHead) {
    var text = DecodedHead(head)
    if let identifier = head.headers.first(name: "x-request-id") { text.add("x-request-id", identifier) }
    text.end()
    self.init(text, head)
  }

  private convenience init(_ text: DecodedHead, _ head: HTTPRequestHead) {
    let (bytes, methodEnd) = (text.bytes, text.methodEnd)
    self.init(
      bytes: bytes, method: bytes.withUnsafeReadableBytes { RequestHeadNames.method($0, methodEnd) } ?? .other,
      methodName: 0..<methodEnd, target: methodEnd + 1..<text.targetEnd, minorVersion: head.version.minor,
      fields: text.fields,
      contentLength: head.headers.first(name: "content-length").flatMap { Int($0.withoutOuterSpace) },
      isChunked: head.headers.contains(name: "transfer-encoding"), kinds: text.kinds)
  }
}

/// The bytes of a head that came through NIO's decoder, while they are put together again.
private struct DecodedHead {
  private(set) var bytes = ByteBuffer()
  private(set) var fields: [RequestHead.Field] = []
  private(set) var kinds: UInt32 = 0
  let methodEnd: Int
  let targetEnd: Int

  /// The request line.
  init(_ head: HTTPRequestHead) {
    bytes.writeString(head.method.rawValue)
    methodEnd = bytes.readableBytes
    bytes.writeStaticString(" ")
    bytes.writeString(head.uri)
    targetEnd = bytes.readableBytes
    bytes.writeStaticString(" HTTP/1.1\r\n")
  }

  /// Adds a field, whose value may have spaces around it.
  ///
  /// - Returns: `false` when the head is too long with it.
  @discardableResult
  mutating func add(_ name: String, _ value: String) -> Bool {
    let text = value.withoutOuterSpace
    let nameStart = bytes.readableBytes
    let nameEnd = nameStart + name.utf8.count
    let (valueStart, valueEnd) = (nameEnd + 2, nameEnd + 2 + text.utf8.count)
    guard valueEnd < Int(UInt16.max) else { return false }
    bytes.writeString(name)
    bytes.writeStaticString(": ")
    bytes.writeString(text)
    bytes.writeStaticString("\r\n")
    let kind = bytes.withUnsafeReadableBytes { RequestHeadNames.kind($0, nameStart..<nameEnd) }
    kinds |= 1 << UInt32(kind.rawValue)
    fields.append(
      RequestHead.Field(
        kind: kind, nameStart: UInt16(nameStart), nameEnd: UInt16(nameEnd), valueStart: UInt16(valueStart),
        valueEnd: UInt16(valueEnd)))
    return true
  }

  /// Adds the empty line.
  mutating func end() { bytes.writeStaticString("\r\n") }
}

extension String {
  /// Whether this is a word of HTTP, without regard to case.
  ///
  /// - Parameter other: in lower case.
  func isField(_ other: StaticString) -> Bool {
    guard utf8.count == other.utf8CodeUnitCount else { return false }
    let letters = utf8.span
    for index in 0..<other.utf8CodeUnitCount {
      let byte = letters[index]
      let lowered = 0x41...0x5A ~= byte ? byte | 0x20 : byte
      if lowered != other.utf8Start[index] { return false }
    }
    return true
  }
}
