import NIOCore

/// Reads the answers of one connection to a server. Strict, and bounded in what it keeps.
struct ResponseParser {
  enum Event {
    /// An answer that another one follows (1xx).
    case informational(ResponseHead)
    case head(ResponseHead)
    case body(ByteBuffer)
    /// The fields behind a chunked body. They come before the end.
    case trailers(TrailerSection)
    case end
    /// More bytes are needed. An optional event would be destroyed by way of its type's description, which is slow.
    case more
  }

  private enum State {
    /// No answer is due.
    case idle
    case head
    case counted(Int)
    case untilClose
    case chunkSize
    case chunk(Int)
    /// The line end behind a chunk.
    case chunkEnd
    case trailers
    /// The body has ended, and nobody was told.
    case ended
  }

  /// The longest line of a chunk's size, with its extensions.
  private static let longestLine = 4096
  private static let longestTrailers = 16 << 10
  private static let mostInformational = 16

  private var state = State.idle
  private var bytes = ByteBuffer()
  private var searched = 0
  private var isAnswerToHead = false
  private var informational = 0
  private var trailers = TrailerSection()
  /// The names that belong to the server's connection, which no trailer passes on.
  private var connectionNames: [String] = []

  /// Whether bytes wait that belong to no answer yet.
  var hasRest: Bool { bytes.readableBytes > 0 }

  /// A request is sent, whose answer comes next.
  mutating func expectAnswer(toHead: Bool) {
    state = .head
    searched = 0
    informational = 0
    isAnswerToHead = toHead
  }

  mutating func receive(_ received: ByteBuffer) {
    if bytes.readableBytes == 0 {
      bytes = received
    } else {
      var received = received
      bytes.writeBuffer(&received)
    }
  }

  /// The connection has ended.
  ///
  /// - Returns: whether the answer is complete with that.
  /// - Throws: when it is not.
  mutating func end() throws(ResponseFault) {
    guard case .untilClose = state else { throw ResponseFault("the connection ended before the answer") }
    state = .ended
  }

  /// The next part of an answer.
  mutating func next() throws(ResponseFault) -> Event {
    while true {
      switch state {
      case .idle:
        guard bytes.readableBytes == 0 else { throw ResponseFault("bytes came that no request asked for") }
        return .more
      case .head: return try nextHead()
      case .ended:
        state = .idle
        // The channel can read into the same memory again.
        if bytes.readableBytes == 0 { bytes = ByteBuffer() }
        return .end
      case .untilClose: return takeBody(bytes.readableBytes)
      case .counted(let left): return nextCounted(left)
      case .chunkSize:
        guard let size = try nextSize() else { return .more }
        state = size == 0 ? .trailers : .chunk(size)
      case .chunk(let left):
        let part = takeBody(left)
        if case .body(let piece) = part {
          state = piece.readableBytes == left ? .chunkEnd : .chunk(left - piece.readableBytes)
        }
        return part
      case .chunkEnd:
        guard let line = try nextLine(longest: 0) else { return .more }
        guard line.readableBytes == 0 else { throw ResponseFault("a chunk is longer than its size") }
        state = .chunkSize
      case .trailers:
        guard try takeTrailers() else { return .more }
        state = .ended
        if let section = trailers.passing({ !isOfConnection($0) }) { return .trailers(section) }
      }
    }
  }

  private mutating func nextHead() throws(ResponseFault) -> Event {
    let before = searched
    let length = bytes.withUnsafeReadableBytes { ResponseHeadParser.length($0, searched: before) }
    searched = bytes.readableBytes
    guard let length else {
      guard bytes.readableBytes <= ResponseHeadParser.longest else { throw ResponseFault("the head is too long") }
      // A server that speaks something else may never send an empty line.
      guard bytes.withUnsafeReadableBytes({ ResponseHeadParser.mayBegin($0, searched: before) }) else {
        throw ResponseFault("the answer is not HTTP/1")
      }
      return .more
    }
    guard length <= ResponseHeadParser.longest, let raw = bytes.readSlice(length: length) else {
      throw ResponseFault("the head is too long")
    }
    searched = 0
    let head = try ResponseHeadParser.parse(raw, hasNoBody: isAnswerToHead)
    if head.status < 200 {
      informational += 1
      // Nothing can follow an answer that ends the connection, so it can't be an interim one.
      guard !head.closes else { throw ResponseFault("an answer before the final one ends the connection") }
      guard head.status != 101 else { throw ResponseFault("the server changes the protocol unasked") }
      guard informational <= Self.mostInformational else { throw ResponseFault("the server sends 1xx without end") }
      return .informational(head)
    }
    state =
      switch head.framing {
      case .none, .counted(0): .ended
      case .counted(let count): .counted(count)
      case .chunked: beginChunks(head)
      case .untilClose: .untilClose
      }
    return .head(head)
  }

  private mutating func nextCounted(_ left: Int) -> Event {
    let part = takeBody(left)
    if case .body(let piece) = part {
      state = piece.readableBytes == left ? .ended : .counted(left - piece.readableBytes)
    }
    return part
  }

  private mutating func takeBody(_ most: Int) -> Event {
    let count = min(most, bytes.readableBytes)
    guard count > 0, let piece = bytes.readSlice(length: count) else { return .more }
    return .body(piece)
  }

  /// A line without its end, or `nil` when it has not come whole.
  private mutating func nextLine(longest: Int) throws(ResponseFault) -> ByteBuffer? {
    let end = bytes.withUnsafeReadableBytes { bytes in
      bytes.prefix(longest + 2).firstIndex { $0 == 0x0A }
    }
    guard let end else {
      guard bytes.readableBytes < longest + 2 else { throw ResponseFault("a line of a chunked body is too long") }
      return nil
    }
    guard end > 0, bytes.getInteger(at: bytes.readerIndex + end - 1, as: UInt8.self) == 0x0D,
      let line = bytes.readSlice(length: end - 1)
    else { throw ResponseFault("a line of a chunked body has no valid end") }
    bytes.moveReaderIndex(forwardBy: 2)
    return line
  }

  private mutating func nextSize() throws(ResponseFault) -> Int? {
    guard let line = try nextLine(longest: Self.longestLine) else { return nil }
    var (size, digits) = (0, 0)
    var rest = line.readableBytesView[...]
    while let byte = rest.first, let digit = Self.hexadecimal(byte) {
      digits += 1
      guard digits <= 15 else { throw ResponseFault("a chunk's size is too large") }
      size = size << 4 | digit
      rest = rest.dropFirst()
    }
    guard digits > 0 else { throw ResponseFault("a chunk has no size") }
    guard ChunkExtensions.areValid(rest) else { throw ResponseFault("a chunk's size is not valid") }
    return size
  }

  private mutating func beginChunks(_ head: ResponseHead) -> State {
    (trailers, connectionNames) = (TrailerSection(), head.connectionNames)
    return .chunkSize
  }

  /// - Returns: whether the section is complete.
  private mutating func takeTrailers() throws(ResponseFault) -> Bool {
    while let line = try nextLine(longest: Self.longestTrailers) {
      if line.readableBytes == 0 { return true }
      let view = line.readableBytesView
      guard let colon = view.firstIndex(of: UInt8(ascii: ":")), colon > view.startIndex,
        view[..<colon].allSatisfy(RequestHeadNames.isToken), view.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 })
      else { throw ResponseFault("a trailer is no field") }
      guard !isFraming(line, nameLength: colon - view.startIndex) else {
        throw ResponseFault("a trailer says how the body ends, which it can't")
      }
      let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
      let value = view[(colon + 1)...].drop(while: isSpace)
      trailers.add(Array(view[..<colon]), Array(value.reversed().drop(while: isSpace).reversed()))
      guard trailers.fields.count <= ResponseHeadParser.mostFields, trailers.size <= Self.longestTrailers else {
        throw ResponseFault("there are too many trailers")
      }
    }
    return false
  }

  private func isOfConnection(_ name: RawSpan) -> Bool {
    connectionNames.contains { FieldNames.areEqual($0.utf8.span.bytes, name) }
  }

  private func isFraming(_ line: ByteBuffer, nameLength: Int) -> Bool {
    line.withUnsafeReadableBytes { bytes in
      RequestHeadNames.isNamed(bytes, 0..<nameLength, "content-length")
        || RequestHeadNames.isNamed(bytes, 0..<nameLength, "transfer-encoding")
    }
  }

  private static func hexadecimal(_ byte: UInt8) -> Int? {
    switch byte {
    case 0x30...0x39: Int(byte) - 0x30
    case 0x41...0x46: Int(byte) - 0x41 + 10
    case 0x61...0x66: Int(byte) - 0x61 + 10
    default: nil
    }
  }
}
