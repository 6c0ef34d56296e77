/// Some bytes of a file in memory that is used again and that one thread hands to another. An array: as a value it has
/// one owner at a time, and it is copied nowhere as long as that is so.
struct SealedBlock: Sendable {
  private var storage: [UInt8]
  /// Bytes that are in it.
  private(set) var count: Int

  init(_ bytes: [UInt8] = []) {
    storage = bytes
    count = bytes.count
  }

  var bytes: [UInt8] { Array(storage[..<count]) }

  /// Replaces what is in it.
  ///
  /// - Parameter read: writes up to as many bytes and returns how many.
  mutating func fill(
    _ size: Int, _ read: (UnsafeMutableRawBufferPointer) throws(DumpFormatError) -> Int
  ) throws(DumpFormatError) {
    if storage.count < size { storage = [UInt8](repeating: 0, count: size) }
    count = 0
    count = try Self.access(&storage, size, read)
  }

  mutating func withBytes<Result, Failure: Error>(
    _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try Self.access(&storage, count, body)
  }

  private static func access<Output, Failure: Error>(
    _ storage: inout [UInt8], _ count: Int, _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Output
  ) throws(Failure) -> Output {
    try storage.withUnsafeMutableBufferPointer { buffer throws(Failure) in
      try body(UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[..<count])))
    }
  }
}
