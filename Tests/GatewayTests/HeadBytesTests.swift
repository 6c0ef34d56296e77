import NIOCore
import Testing

@testable import Gateway

@Suite("The bytes of a head that is put together")
struct HeadBytesTests {
  private func text(_ bytes: HeadBytes) -> String { String(buffer: bytes.buffer(ByteBufferAllocator())) }

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

  @Test("have numbers in the base of 16, of which the first digits can be taken")
  func hexadecimal() {
    let bytes = HeadBytes()
    let numbers: [UInt64] = [0, 1, .max, 0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210, 0x9A9A_A9A9_F00F_0FF0]
    for number in numbers {
      let whole =
        String(repeating: "0", count: number.leadingZeroBitCount / 4 - (number == 0 ? 1 : 0))
        + String(number, radix: 16)
      for digits in 1...16 {
        bytes.clear()
        bytes.writeHexadecimal(number, digits: digits)
        #expect(text(bytes) == whole.prefix(digits))
      }
    }
  }

  @Test("have numbers as Swift writes them")
  func numbers() {
    let bytes = HeadBytes()
    var (bound, numbers) = (1, [0, .max, .min, -10])
    for _ in 1...18 {
      bound *= 10
      numbers += [bound - 1, bound, bound + 1, bound / 10 * 7]
    }
    for number in numbers {
      bytes.clear()
      bytes.writeNumber(number)
      #expect(text(bytes) == String(number))
    }
  }

  @Test("have identifiers as the log has them")
  func identifiers() {
    let bytes = HeadBytes()
    for (high, low) in [(0, 0), (.max, .max), (0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210)] as [(UInt64, UInt64)] {
      bytes.clear()
      bytes.writeStaticString("id: ")
      let identifier = CallIdentifier.new(high, low)
      identifier.write(to: bytes)
      bytes.writeStaticString(".")
      #expect(text(bytes) == "id: \(identifier.text).")
    }
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
