import Cryptography
import DumpDirectory
import DumpFormat
import HTTPClient
import Synchronization

/// Reads a journal that grows. It stops at the newest whole authentic chunk, so a write that is under way is never
/// taken for content.
struct JournalFollower {
  private let directory: DumpDirectory
  private let source: GrowingSource
  private var reader: JournalReader
  /// The file's path.
  let path: String
  /// Bytes that may be copied.
  var end: Int { reader.position }
  /// Whether the writer closed it.
  var isClosed: Bool { reader.ending == .closed }

  /// - Returns: `nil` while the file has no whole header.
  init?(_ path: String, in directory: DumpDirectory, _ keyring: DumpKeyring) throws {
    self.path = path
    self.directory = directory
    source = GrowingSource(try directory.source(of: path))
    guard let reader = try JournalReader(source, keyring) else { return nil }
    self.reader = reader
  }

  /// Reads what was written since.
  ///
  /// - Parameter limit: the bytes from the journal's beginning behind which no further chunk is read.
  /// - Returns: whether all of it is read.
  @discardableResult
  mutating func advance(to limit: Int = .max) throws -> Bool {
    try source.replace(with: try directory.source(of: path))
    while reader.position < limit {
      guard try reader.next() != nil else { return true }
    }
    return false
  }

  /// A piece of the file, with its SHA-256.
  func piece(from start: Int) throws -> (body: FilePiece, sha256: String) {
    let piece = FilePiece(source, from: start, to: end)
    let hash = try SHA256Stream()
    var offset = 0
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while offset < piece.size {
      let count = buffer.withUnsafeMutableBytes { piece.read(at: offset, into: $0) }
      guard let count, count > 0 else { throw OffsiteError(.unreadable, "'\(path)' can't be read") }
      try hash.update(Array(buffer[..<count]))
      offset += count
    }
    return (piece, try hash.hexadecimal())
  }
}

/// A file that is opened anew to see what was added.
private final class GrowingSource: DumpSource {
  private let present: Mutex<any DumpSource>

  init(_ source: any DumpSource) { present = Mutex(source) }

  /// - Throws: `OffsiteError` when it is another file, as after `gatehouse dump rekey`.
  func replace(with source: any DumpSource) throws {
    guard try Self.beginning(of: source) == Self.beginning(of: present.withLock { $0 }) else {
      throw OffsiteError(.unreadable, "another file took the place of a journal while it was read")
    }
    present.withLock { $0 = source }
  }

  private static func beginning(of source: any DumpSource) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: SealedPreamble.size)
    let count = try bytes.withUnsafeMutableBytes { try source.read(at: 0, into: $0) }
    return Array(bytes[..<count])
  }

  var size: Int { present.withLock { $0.size } }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(DumpFormatError) -> Int {
    let source = present.withLock { $0 }
    return try source.read(at: offset, into: buffer)
  }
}

/// A part of a file as the body of a request.
struct FilePiece: HTTPBodySource {
  private let source: any DumpSource
  private let start: Int
  let size: Int

  init(_ source: any DumpSource, from start: Int, to end: Int) {
    self.source = source
    self.start = start
    size = max(0, end - start)
  }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    let count = min(buffer.count, size - offset)
    guard count > 0 else { return 0 }
    do {
      return try source.read(at: start + offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
    } catch {
      return nil
    }
  }
}
