/// Where a dump's bytes come from.
package protocol DumpSource: Sendable {
  /// Bytes.
  var size: Int { get }

  /// Reads up to `buffer.count` bytes; fewer only at the end.
  ///
  /// - Returns: how many were read.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(DumpFormatError) -> Int
}

extension DumpSource {
  /// Reads some bytes.
  ///
  /// - Throws: `DumpFormatError` `truncated` when the file ends before them, or those of reading.
  func bytes(at offset: Int, count: Int) throws(DumpFormatError) -> [UInt8] {
    var failure: DumpFormatError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      do throws(DumpFormatError) {
        filled = try read(
          at: offset, into: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[..<count])))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    guard bytes.count == count else { throw DumpFormatError(.truncated) }
    return bytes
  }

  /// Whether the file ends where it ended when it was opened.
  func endsAtItsSize() throws(DumpFormatError) -> Bool {
    var beyond: UInt8 = 0
    var failure: DumpFormatError?
    let count = withUnsafeMutableBytes(of: &beyond) { buffer in
      do throws(DumpFormatError) {
        return try read(at: size, into: buffer)
      } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw failure }
    return count == 0
  }
}
