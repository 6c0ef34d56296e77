import Glibc
import NIOCore

/// A place where a head is put together, which its event loop uses again for each. A buffer of NIO checks and grows at
/// each of some forty pieces; here a piece is one copy.
final class HeadBytes {
  private var bytes: UnsafeMutableRawPointer
  private var capacity = 4096
  private(set) var count = 0

  init() {
    bytes = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
  }

  deinit { bytes.deallocate() }

  /// Begins a new head.
  func clear() { count = 0 }

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
    guard number >= 10 || number < 0 else {
      reserve(1)
      bytes.storeBytes(of: UInt8(ascii: "0") + UInt8(number), toByteOffset: count, as: UInt8.self)
      count += 1
      return
    }
    writeString(String(number))
  }

  /// The head in a buffer.
  ///
  /// - Parameter room: bytes that will be written behind it.
  func buffer(_ allocator: ByteBufferAllocator, room: Int) -> ByteBuffer {
    var buffer = allocator.buffer(capacity: count + room)
    buffer.writeBytes(UnsafeRawBufferPointer(start: bytes, count: count))
    return buffer
  }

  private func append(_ source: UnsafeRawPointer, _ length: Int) {
    reserve(length)
    memcpy(bytes + count, source, length)
    count += length
  }

  private func reserve(_ length: Int) {
    if count + length > capacity { grow(to: count + length) }
  }

  private func grow(to needed: Int) {
    let size = max(needed, capacity * 2)
    let larger = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    larger.copyMemory(from: bytes, byteCount: count)
    bytes.deallocate()
    (bytes, capacity) = (larger, size)
  }
}
