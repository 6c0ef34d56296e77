import NIOCore
import Testing

@testable import Gateway

@Suite("The bytes of a head that is put together")
struct HeadBytesTests {
  private func text(_ bytes: HeadBytes) -> String { String(buffer: bytes.buffer(ByteBufferAllocator(), room: 10)) }

  @Test("are the pieces in their order")
  func pieces() {
    let bytes = HeadBytes()
    bytes.writeStaticString("a: ")
    bytes.writeString("caf\u{E9}")
    bytes.writeString("")
    bytes.writeBytes(UnsafeRawBufferPointer(start: nil, count: 0))
    for number in [0, 9, 10, -1, .max] {
      bytes.writeStaticString(" ")
      bytes.writeNumber(number)
    }
    #expect(text(bytes) == "a: caf\u{E9} 0 9 10 -1 \(Int.max)")
    #expect(bytes.count == text(bytes).utf8.count)
  }

  @Test("grow with the head, and begin anew for the next one")
  func growth() {
    let bytes = HeadBytes()
    let long = String(repeating: "0123456789", count: 5000)
    for count in [1, 409, 410, 5000] {
      bytes.clear()
      let part = String(long.prefix(count * 10))
      bytes.writeString(part)
      bytes.writeNumber(7)
      #expect(text(bytes) == part + "7")
    }
  }
}
