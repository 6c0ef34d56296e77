import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOPosix
import TestSupport
import Testing

@testable import Listener

@Suite("A body that can't be read, behind requests that wait for their answers")
struct PipelinedFaultTests {
  /// A data plane whose answers come a moment later. A fault ends the request that it has at once.
  private final class Plane: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart
    private var path: String?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head): path = head.uri
      case .body: break
      case .end:
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .milliseconds(2)) {
          let (plane, context) = bound.value
          plane.answer("whole", context)
        }
      }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { answer("broken", context) }

    private func answer(_ word: String, _ context: ChannelHandlerContext) {
      guard let path else { return }
      self.path = nil
      let body = ByteBuffer(string: "\(word) \(path)")
      let headers: HTTPHeaders = ["Content-Length": "\(body.readableBytes)"]
      context.write(
        wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers))), promise: nil)
      context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
      context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
  }

  /// Answers after a suspension whether the body can be read.
  private static func answer(_ request: IncomingRequest) async -> OutgoingResponse {
    await withCheckedContinuation { continuation in
      MultiThreadedEventLoopGroup.singleton.next().scheduleTask(in: .milliseconds(2)) { continuation.resume() }
    }
    var word = "whole"
    do {
      if let body = request.body { for try await _ in body {} }
    } catch {
      word = "broken"
    }
    let body = ByteBuffer(string: "\(word) \(request.head.path ?? "")")
    return OutgoingResponse(
      head: HTTPResponse(status: .ok, headerFields: [.contentLength: "\(body.readableBytes)"]), body: body)
  }

  private func withListener(_ body: (Int) throws -> Void) async throws {
    try await withListenerOnPort(plane: { Plane() }, responder: { await Self.answer($0) }, body)
  }

  @Test(
    "is answered for in its turn, and the requests before it get their own answers",
    arguments: ["/api/a", "/a"], ["/api/b", "/b"])
  func turns(first: String, last: String) async throws {
    try await withListener { port in
      for (way, isApart) in [("x\r\n", false), ("x\r\n", true), ("0\r\nConnection: close\r\n\r\n", false)] {
        let connection = try HTTPConnection(port: port)
        let whole = "GET \(first) HTTP/1.1\r\nHost: x\r\n\r\n"
        let head = "POST \(last) HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
        try connection.send(whole + whole + head + (isApart ? "" : way))
        if isApart { try connection.send(way) }
        for _ in 0..<2 {
          let answer = try connection.receive()
          #expect(answer.text == "whole \(first)" && answer.header("connection") == nil, "\(answer.text)")
        }
        let answer = try connection.receive()
        #expect(answer.text == "broken \(last)" && answer.header("connection") == "close", "\(answer.text)")
        #expect(connection.receiveAll() == 0)
      }
    }
  }
}
