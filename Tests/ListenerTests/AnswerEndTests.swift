import Foundation
import HTTPTypes
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import Listener

@Suite("The end of an answer without a length")
struct AnswerEndTests {
  /// A data plane whose answers have no length. It breaks off those for `/api/cut`, and those for `/api/long` are long.
  private final class Plane: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    static let long = 24 << 20
    private var path = ""
    private var headers: HTTPHeaders = [:]

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head):
        path = head.uri
        // HTTP/1.0 has no chunks.
        headers = head.version.minor == 0 ? [:] : ["Transfer-Encoding": "chunked"]
      case .body: break
      case .end:
        let body = path == "/api/long" ? ByteBuffer(repeating: 0x78, count: Self.long) : ByteBuffer(string: "part")
        context.write(
          wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        if path == "/api/cut" {
          context.close(promise: nil)
        } else {
          context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
      }
    }
  }

  private func withPlane(
    certificate: ServerCertificate? = nil, _ body: (Int) async throws -> Void
  ) async throws {
    try await withListenerOnPort(
      certificate: certificate, plane: { Plane() },
      responder: { _ in OutgoingResponse(head: HTTPResponse(status: .notFound), body: nil) }, body)
  }

  @Test("is a reset when it breaks off, since nothing else tells that a part is missing")
  func brokenOff() async throws {
    try await withPlane { port in
      for (path, version, isReset) in [
        ("/api/cut", "1.0", true), ("/api/whole", "1.0", false), ("/api/cut", "1.1", false),
      ] {
        let connection = try HTTPConnection(port: port)
        try connection.send("GET \(path) HTTP/\(version)\r\nHost: x\r\n\r\n")
        #expect(connection.isReset() == isReset, "\(path) \(version)")
      }
      let whole = try HTTPConnection(port: port)
      try whole.send("GET /api/whole HTTP/1.0\r\n\r\n")
      #expect(whole.receiveText().hasSuffix("\r\n\r\npart"))
    }
  }

  @Test("comes behind all of it, also where the client sends no more", arguments: ["1.0", "1.1"])
  func halfClosed(version: String) async throws {
    try await withPlane { port in
      let connection = try HTTPConnection(port: port)
      try connection.send("GET /api/long HTTP/\(version)\r\nHost: x\r\n\r\n")
      connection.finishSending()
      #expect(connection.receiveAll() > Plane.long)
    }
  }

  @Test("has no farewell of TLS when it breaks off")
  func encrypted() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let made = try TestCertificate("end", in: root)
      let text = ServerCertificate.Text(
        chain: try String(contentsOf: made.chain, encoding: .utf8),
        key: try String(contentsOf: made.key, encoding: .utf8))
      try await withPlane(certificate: try ServerCertificate(text)) { port in
        let get = { (path: String) throws in
          try ToolRun(
            "curl", ["-ksS", "--http1.0", "--no-alpn", "--max-time", "60", "https://127.0.0.1:\(port)/api/\(path)"])
        }
        let whole = try get("whole")
        #expect(whole.code == 0 && whole.output == "part", "\(whole.output)")
        #expect(try get("cut").code != 0)
      }
    }
  }
}
