import NIOCore

/// Stands before the HTTP decoder and hands it what came in pieces that end with a head or a body, so that it is
/// known where each body begins. Follows request lines and chunked bodies, and stops at the first byte that is wrong
/// in one. Blanks the values of `Proxy-Connection`.
final class BodyScanner: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  /// The connection, while this stands in its pipeline. It is told of each piece of a body.
  var connection: ConnectionGuard?
  private let check: RequestCheck
  private var line = RequestLine()
  /// Whether the line of a head that is being read has no byte yet.
  private var isLineEmpty = true
  /// Whether bytes of a head came, and not its end.
  private var isInHead = false
  private var proxyConnection = ProxyConnectionField()
  /// Bytes behind the piece that the decoder works on.
  private var rest = ByteBuffer()

  /// Whether the next byte begins a request.
  var isBetweenRequests: Bool {
    if case .head = check.position { !isInHead } else { false }
  }

  /// Whether the head of another request has come behind the one that the decoder works on. Behind a chunked body none
  /// can be found yet.
  var isRequestWaiting: Bool {
    switch check.position {
    case .head: rest.hasWholeHead(behind: 0)
    case .counted(let left): rest.hasWholeHead(behind: left)
    case .chunked, .end: false
    }
  }

  /// Whether a chunked body is being read whose end has not come.
  var awaitsChunks: Bool {
    guard case .chunked(var body) = check.position else { return false }
    do {
      _ = try body.take(rest.readableBytesView)
      return !body.isComplete
    } catch {
      // It has no end.
      return true
    }
  }

  init(_ check: RequestCheck) {
    self.check = check
  }

  func handlerRemoved(context: ChannelHandlerContext) { connection = nil }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    defer { rest = ByteBuffer() }
    while bytes.readableBytes > 0 {
      var count = bytes.readableBytes
      switch check.position {
      case .end: return
      case .head:
        do {
          count = try countToEmptyLine(&bytes)
        } catch {
          check.refuseHead(error.malformation)
          return
        }
      case .counted(let left):
        count = min(count, left)
        check.advance(to: .counted(left - count))
        connection?.receiveBody(count)
      case .chunked(var body):
        do {
          count = try body.take(bytes.readableBytesView)
          check.advance(to: .chunked(body))
          connection?.receiveBody(count)
        } catch {
          check.refuseBody()
          return
        }
      }
      // No bytes are left of a body, and yet the decoder waits for some: they disagree.
      guard count > 0, let piece = bytes.readSlice(length: count) else {
        check.refuseBody()
        return
      }
      rest = bytes
      context.fireChannelRead(wrapInboundOut(piece))
    }
  }

  private func countToEmptyLine(_ buffer: inout ByteBuffer) throws(RequestFault) -> Int {
    isInHead = true
    let bytes = buffer.readableBytesView
    let first = try line.take(bytes)
    if first > 0 { isLineEmpty = line.isComplete }
    var field = proxyConnection
    defer { proxyConnection = field }
    for (offset, byte) in bytes.enumerated().dropFirst(first) {
      if field.hides(byte) { buffer.setInteger(UInt8(ascii: " "), at: buffer.readerIndex + offset) }
      switch byte {
      case UInt8(ascii: "\n") where isLineEmpty:
        isInHead = false
        line = RequestLine()
        field = ProxyConnectionField()
        return offset + 1
      case UInt8(ascii: "\n"): isLineEmpty = true
      case UInt8(ascii: "\r"): break
      default: isLineEmpty = false
      }
    }
    return bytes.count
  }
}
