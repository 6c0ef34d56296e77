import JSON
import NIOCore
import NIOHTTP1

extension RequestHead {
  /// The head of a request that came through NIO's decoder.
  ///
  /// - Returns: `nil` when it is longer than any head may be.
  convenience init?(_ head: HTTPRequestHead) {
    var bytes = ByteBuffer()
    bytes.writeString(head.method.rawValue)
    let methodEnd = bytes.readableBytes
    bytes.writeStaticString(" ")
    bytes.writeString(head.uri)
    let targetEnd = bytes.readableBytes
    bytes.writeStaticString(" HTTP/1.1\r\n")
    var fields: [Field] = []
    var kinds: UInt32 = 0
    for (name, value) in head.headers.map({ ($0.name, $0.value.withoutOuterSpace) }) {
      let nameStart = bytes.readableBytes
      bytes.writeString(name)
      bytes.writeStaticString(": ")
      bytes.writeString(value)
      guard bytes.readableBytes < Int(UInt16.max) else { return nil }
      let kind = bytes.withUnsafeReadableBytes {
        RequestHeadNames.kind($0, nameStart..<nameStart + name.utf8.count)
      }
      let valueStart = nameStart + name.utf8.count + 2
      fields.append(
        Field(
          kind: kind, nameStart: UInt16(nameStart), nameEnd: UInt16(nameStart + name.utf8.count),
          valueStart: UInt16(valueStart), valueEnd: UInt16(bytes.readableBytes)))
      kinds |= 1 << UInt32(kind.rawValue)
      bytes.writeStaticString("\r\n")
    }
    bytes.writeStaticString("\r\n")
    self.init(
      bytes: bytes, method: bytes.withUnsafeReadableBytes { RequestHeadNames.method($0, methodEnd) } ?? .other,
      methodName: 0..<methodEnd, target: methodEnd + 1..<targetEnd, minorVersion: head.version.minor, fields: fields,
      contentLength: head.headers.first(name: "content-length").flatMap { Int($0.withoutOuterSpace) },
      isChunked: head.headers.contains(name: "transfer-encoding"), kinds: kinds)
  }
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
