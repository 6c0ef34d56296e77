import CZlib
import NIOCore

/// Compresses one body with gzip, piece by piece.
final class GzipStream {
  private var stream = z_stream()
  private let allocator: ByteBufferAllocator
  /// Whether something was written since the last flush.
  private(set) var hasUnflushed = false

  /// - Parameter level: from 1, the fastest, to 9.
  /// - Returns: `nil` when there is no memory for it.
  init?(level: Int, _ allocator: ByteBufferAllocator) {
    self.allocator = allocator
    guard gatehouse_begin_gzip(&stream, Int32(level)) == Z_OK else { return nil }
  }

  deinit { deflateEnd(&stream) }

  /// Takes a piece of the body.
  ///
  /// - Returns: what is compressed by now; empty as long as the rest waits for more.
  func write(_ bytes: ByteBuffer) -> ByteBuffer {
    if bytes.readableBytes > 0 { hasUnflushed = true }
    return run(bytes, Z_NO_FLUSH)
  }

  /// All that came so far, so that a client can read it.
  func flush() -> ByteBuffer {
    hasUnflushed = false
    return run(ByteBuffer(), Z_SYNC_FLUSH)
  }

  /// The end of the body.
  func finish() -> ByteBuffer { run(ByteBuffer(), Z_FINISH) }

  private func run(_ bytes: ByteBuffer, _ mode: Int32) -> ByteBuffer {
    var input = bytes
    var output = allocator.buffer(capacity: Int(deflateBound(&stream, UInt(input.readableBytes))) + 16)
    input.withUnsafeMutableReadableBytes { input in
      stream.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
      stream.avail_in = UInt32(input.count)
      repeat {
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: 512) { space in
          stream.next_out = space.baseAddress?.assumingMemoryBound(to: UInt8.self)
          stream.avail_out = UInt32(space.count)
          deflate(&stream, mode)
          return space.count - Int(stream.avail_out)
        }
      } while stream.avail_out == 0
    }
    return output
  }
}
