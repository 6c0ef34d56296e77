import Glibc
import NIOCore

/// A place where a head, and a short body, are put together, which its event loop uses again for each. A buffer of NIO
/// checks and grows at each of some forty pieces; here a piece is one copy.
final class HeadBytes {
  private var bytes: UnsafeMutableRawPointer
  private var capacity = 4096
  private(set) var count = 0

  init() {
    bytes = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
  }

  deinit { bytes.deallocate() }

  /// Begins anew.
  func clear() { count = 0 }

  /// Inlined, so that a text of a known length is a few moves.
  @inline(__always)
  func writeStaticString(_ text: StaticString) {
    append(text.utf8Start, text.utf8CodeUnitCount)
  }

  func writeString(_ text: String) {
    text.utf8.span.withUnsafeBufferPointer { text in
      if let base = text.baseAddress { append(base, text.count) }
    }
  }

  func writeBytes(_ bytes: UnsafeRawBufferPointer) {
    if let base = bytes.baseAddress { append(base, bytes.count) }
  }

  func writeNumber(_ number: Int) {
    guard number >= 0 else { return writeString(String(number)) }
    var length = 1
    var bound = 10
    while length < 18, number >= bound {
      length += 1
      bound &*= 10
    }
    guard number < bound else { return writeString(String(number)) }
    reserve(length)
    count += length
    var (rest, place) = (UInt(bitPattern: number), count)
    repeat {
      place -= 1
      bytes.storeBytes(of: UInt8(truncatingIfNeeded: 0x30 | rest % 10), toByteOffset: place, as: UInt8.self)
      rest /= 10
    } while rest > 0
  }

  /// Writes a UUID.
  func writeUUID(_ high: UInt64, _ low: UInt64) {
    reserve(36)
    let place = bytes + count
    let (second, third) = (Self.hexadecimal(UInt32(truncatingIfNeeded: high)), Self.hexadecimal(UInt32(low >> 32)))
    place.storeBytes(of: Self.hexadecimal(UInt32(high >> 32)), as: UInt64.self)
    place.storeBytes(of: UInt32(truncatingIfNeeded: second), toByteOffset: 9, as: UInt32.self)
    place.storeBytes(of: UInt32(second >> 32), toByteOffset: 14, as: UInt32.self)
    place.storeBytes(of: UInt32(truncatingIfNeeded: third), toByteOffset: 19, as: UInt32.self)
    place.storeBytes(of: UInt32(third >> 32), toByteOffset: 24, as: UInt32.self)
    place.storeBytes(of: Self.hexadecimal(UInt32(truncatingIfNeeded: low)), toByteOffset: 28, as: UInt64.self)
    var dash = 8
    while dash <= 23 {
      place.storeBytes(of: UInt8(ascii: "-"), toByteOffset: dash, as: UInt8.self)
      dash += 5
    }
    count += 36
  }

  /// Writes the first digits of a number in the base of 16.
  ///
  /// - Parameter digits: 16 at most.
  func writeHexadecimal(_ number: UInt64, digits: Int = 16) {
    reserve(16)
    bytes.storeBytes(of: Self.hexadecimal(UInt32(number >> 32)), toByteOffset: count, as: UInt64.self)
    bytes.storeBytes(
      of: Self.hexadecimal(UInt32(truncatingIfNeeded: number)), toByteOffset: count + 8, as: UInt64.self)
    count += digits
  }

  /// The eight digits of a number as ASCII, all at once: each half of a byte gets a byte of its own.
  private static func hexadecimal(_ number: UInt32) -> UInt64 {
    var digits = UInt64(number)
    digits = (digits << 16 | digits) & 0x0000_FFFF_0000_FFFF
    digits = (digits << 8 | digits) & 0x00FF_00FF_00FF_00FF
    digits = (digits << 4 | digits) & 0x0F0F_0F0F_0F0F_0F0F
    let isLetter = (digits &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
    return (digits &+ 0x3030_3030_3030_3030 &+ isLetter &* 0x27).bigEndian
  }

  func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
    body(UnsafeRawBufferPointer(start: bytes, count: count))
  }

  /// A copy of the bytes.
  func buffer(_ allocator: ByteBufferAllocator) -> ByteBuffer {
    var buffer = allocator.buffer(capacity: count)
    buffer.writeBytes(UnsafeRawBufferPointer(start: bytes, count: count))
    return buffer
  }

  @inline(__always)
  private func append(_ source: UnsafeRawPointer, _ length: Int) {
    reserve(length)
    memcpy(bytes + count, source, length)
    count += length
  }

  @inline(__always)
  private func reserve(_ length: Int) {
    if count + length > capacity { grow(to: count + length) }
  }

  @inline(never)
  private func grow(to needed: Int) {
    let size = max(needed, capacity * 2)
    let larger = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    larger.copyMemory(from: bytes, byteCount: count)
    bytes.deallocate()
    (bytes, capacity) = (larger, size)
  }
}
