import CZstd
import Threads

/// Compresses and expands chunks with Zstandard. A class, because it owns handles of libzstd; one thread at a time uses
/// it.
//
// Sendable: `ChunkCompressors` gives it to one thread at a time.
final class ChunkCompressor: @unchecked Sendable {
  private static let level: Int32 = 1
  /// Bytes that are compressed at a time; a block of Zstandard. It takes some tenths of a millisecond.
  private static let piece = 128 << 10

  private let compression: OpaquePointer
  private let expansion: OpaquePointer
  /// Room for a frame. Such large pieces of memory go back to the system when they are freed, and calls may wait for
  /// that, so chunk after chunk uses the same.
  private var room: [UInt8] = []
  /// The most bytes of it that are kept. Only a chunk with one large record needs more.
  private static let keptRoom = 4 << 20

  init() throws(DumpFormatError) {
    guard let compression = ZSTD_createCCtx() else { throw .library("zstd") }
    guard let expansion = ZSTD_createDCtx() else {
      ZSTD_freeCCtx(compression)
      throw .library("zstd")
    }
    self.compression = compression
    self.expansion = expansion
    guard Self.isDone(ZSTD_CCtx_setParameter(compression, ZSTD_c_compressionLevel, Self.level)) else {
      throw .library("zstd")
    }
  }

  deinit {
    ZSTD_freeCCtx(compression)
    ZSTD_freeDCtx(expansion)
  }

  /// The most bytes that a frame takes.
  static func bound(_ size: Int) -> Int { ZSTD_compressBound(size) }

  /// Writes one frame, which states its content size. Other threads have their turns meanwhile.
  ///
  /// - Parameter output: has room for `bound` bytes.
  /// - Returns: the size of the frame in bytes.
  func compress(
    _ content: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) throws(DumpFormatError) -> Int {
    guard Self.isDone(ZSTD_CCtx_reset(compression, ZSTD_reset_session_only)),
      Self.isDone(ZSTD_CCtx_setPledgedSrcSize(compression, UInt64(content.count)))
    else { throw .library("zstd") }
    var frame = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
    var source = ZSTD_inBuffer(src: content.baseAddress, size: 0, pos: 0)
    var rest = 1
    while rest > 0 {
      source.size = min(source.pos + Self.piece, content.count)
      let mode = source.size == content.count ? ZSTD_e_end : ZSTD_e_continue
      rest = ZSTD_compressStream2(compression, &frame, &source, mode)
      guard Self.isDone(rest), frame.pos < frame.size || rest == 0 else { throw .library("zstd") }
      if mode == ZSTD_e_continue { rest = 1 }
      SystemThread.letOthersRun()
    }
    return frame.pos
  }

  /// Compresses into memory of its own, and calls a body with the frame.
  func withFrame<Value>(
    of content: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws(DumpFormatError) -> Value
  ) throws(DumpFormatError) -> Value {
    let bound = Self.bound(content.count)
    if room.count < bound { room = [UInt8](repeating: 0, count: bound) }
    defer { if room.count > Self.keptRoom { room = [] } }
    let size = try room.withUnsafeMutableBufferPointer { room throws(DumpFormatError) in
      try compress(content, into: UnsafeMutableRawBufferPointer(room))
    }
    return try room.withUnsafeBufferPointer { room throws(DumpFormatError) in
      try body(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: room[..<size])))
    }
  }

  private static func isDone(_ result: Int) -> Bool { ZSTD_isError(result) == 0 }

  /// - Parameter maximum: of the content, bytes.
  /// - Returns: `nil` when this is not one whole frame that states a size within the maximum.
  func expand(_ frame: UnsafeRawBufferPointer, maximum: Int) -> [UInt8]? {
    let size = Int(gatehouse_zstd_content_size(frame.baseAddress, frame.count))
    guard 0...maximum ~= size, ZSTD_findFrameCompressedSize(frame.baseAddress, frame.count) == frame.count else {
      return nil
    }
    var isWhole = false
    let content = [UInt8](unsafeUninitializedCapacity: size) { content, count in
      let result = ZSTD_decompressDCtx(expansion, content.baseAddress, size, frame.baseAddress, frame.count)
      isWhole = ZSTD_isError(result) == 0 && result == size
      if isWhole { count = size }
    }
    return isWhole ? content : nil
  }
}

/// The compressors of the threads that work on one file. A class: the threads share it.
final class ChunkCompressors: Sendable {
  private let spare = Lock<[ChunkCompressor]>([])

  func with<Value>(
    _ body: (ChunkCompressor) throws(DumpFormatError) -> Value
  ) throws(DumpFormatError) -> Value {
    let compressor: ChunkCompressor
    if let spare = spare.withLock({ $0.popLast() }) { compressor = spare } else { compressor = try ChunkCompressor() }
    defer { spare.withLock { $0.append(compressor) } }
    return try body(compressor)
  }
}
