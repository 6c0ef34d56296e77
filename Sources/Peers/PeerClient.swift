import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// The port of another process.
package struct PeerPort: Sendable, Hashable, CustomStringConvertible {
  /// A name or an address, without brackets.
  package let host: String
  /// The number of the port.
  package let port: Int
  /// Whether the port speaks TLS.
  package let isSecure: Bool

  /// A port.
  package init(host: String, port: Int, isSecure: Bool) {
    (self.host, self.port, self.isSecure) = (host, port, isSecure)
  }

  /// `host:port`, with brackets around an IPv6 address.
  package var description: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// A request to another process failed.
package struct PeerFailure: Error, Sendable, CustomStringConvertible {
  /// Whether nothing was sent, so that the other process certainly did nothing.
  package let isUnsent: Bool
  /// The failure in words.
  package let description: String

  /// A failure of a call.
  package init(isUnsent: Bool, description: String) {
    (self.isUnsent, self.description) = (isUnsent, description)
  }
}

/// Sends single requests by HTTP/1.1, each on a connection of its own. A connection that is kept can break just when a
/// request is sent on it, and then nobody knows whether the request was taken.
package struct PeerClient: Sendable {
  /// A request.
  package struct Request: Sendable {
    let method: HTTPMethod
    let path: String
    let body: [UInt8]

    /// A request for the content of a path.
    package static func get(_ path: String) -> Request { Request(method: .GET, path: path, body: []) }

    /// A request with a body.
    package static func post(_ path: String, _ body: [UInt8]) -> Request {
      Request(method: .POST, path: path, body: body)
    }
  }

  /// An answer.
  package struct Answer: Sendable {
    /// The status.
    package let status: Int
    /// The body.
    package let body: [UInt8]
  }

  /// The time to connect.
  private static let patience = TimeAmount.seconds(1)

  /// Makes a client.
  package init() {}

  /// Sends a request and waits for its answer. Cancelling the task closes the connection.
  ///
  /// - Parameter largestAnswer: bytes of the largest body.
  package func send(
    _ request: Request, to port: PeerPort, largestAnswer: Int
  ) async throws(PeerFailure) -> Answer {
    let channel: any Channel
    let answer: EventLoopFuture<Answer>
    do {
      (channel, answer) = try await connect(port, largestAnswer: largestAnswer)
    } catch {
      throw PeerFailure(isUnsent: true, description: "can't connect to \(port): \(error)")
    }
    do {
      return try await withTaskCancellationHandler {
        write(request, to: port, on: channel)
        return try await answer.get()
      } onCancel: {
        channel.close(promise: nil)
      }
    } catch {
      throw PeerFailure(isUnsent: false, description: "the connection to \(port) broke off: \(error)")
    }
  }

  private func connect(
    _ port: PeerPort, largestAnswer: Int
  ) async throws -> (any Channel, EventLoopFuture<Answer>) {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let promise = loop.makePromise(of: Answer.self)
    do {
      let channel = try await ClientBootstrap(group: loop)
        .connectTimeout(Self.patience)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            if port.isSecure { try pipeline.addHandler(Self.encryption()) }
            try pipeline.addHTTPClientHandlers(leftOverBytesStrategy: .dropBytes)
            try pipeline.addHandler(PeerAnswerHandler(promise, largest: largestAnswer))
          }
        }
        .connect(host: port.host, port: port.port).get()
      return (channel, promise.futureResult)
    } catch {
      promise.fail(error)
      throw error
    }
  }

  private func write(_ request: Request, to port: PeerPort, on channel: any Channel) {
    var headers = HTTPHeaders([("Host", "\(port)"), ("Connection", "close")])
    if request.method != .GET { headers.add(name: "Content-Length", value: "\(request.body.count)") }
    let head = HTTPRequestHead(version: .http1_1, method: request.method, uri: request.path, headers: headers)
    channel.write(HTTPClientRequestPart.head(head), promise: nil)
    if !request.body.isEmpty {
      channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: request.body))), promise: nil)
    }
    channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
  }

  /// The certificate is not verified: the content is encrypted and authenticated by itself.
  private static func encryption() throws -> NIOSSLClientHandler {
    let context = try contexts.withLock { kept in
      if let kept { return kept }
      var configuration = TLSConfiguration.makeClientConfiguration()
      configuration.certificateVerification = .none
      configuration.minimumTLSVersion = .tlsv12
      let context = try NIOSSLContext(configuration: configuration)
      kept = context
      return context
    }
    return try NIOSSLClientHandler(context: context, serverHostname: nil)
  }

  private static let contexts = Mutex<NIOSSLContext?>(nil)
}

/// Collects one answer.
private final class PeerAnswerHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart

  private let promise: EventLoopPromise<PeerClient.Answer>
  private let largest: Int
  private var status = 0
  private var body: [UInt8] = []

  init(_ promise: EventLoopPromise<PeerClient.Answer>, largest: Int) {
    (self.promise, self.largest) = (promise, largest)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      // An answer of 1xx comes before the answer.
      if head.status.code >= 200 { status = Int(head.status.code) }
    case .body(let bytes):
      guard body.count + bytes.readableBytes <= largest else {
        return fail(context, PeerFailure(isUnsent: false, description: "the answer has more than \(largest) bytes"))
      }
      body.append(contentsOf: bytes.readableBytesView)
    case .end:
      guard status > 0 else { return }
      promise.succeed(PeerClient.Answer(status: status, body: body))
      context.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(context, error) }

  func channelInactive(context: ChannelHandlerContext) {
    promise.fail(PeerFailure(isUnsent: false, description: "it was closed before the answer"))
    context.fireChannelInactive()
  }

  private func fail(_ context: ChannelHandlerContext, _ error: any Error) {
    promise.fail(error)
    context.close(promise: nil)
  }
}
