package import Logging
package import NIOCore
import NIOHTTP1
import NIOPosix

/// The gateway's port: accepts connections, reads HTTP/1 from them, and hands each request to whom it is for.
package struct Listener: Sendable {
  /// The place of the data plane.
  package struct DataPlane: Sendable {
    /// Whether the data plane answers a path (without its query).
    package let takes: @Sendable (_ path: Substring.UTF8View) -> Bool
    /// Adds the handlers of a connection. They get `HTTPServerRequestPart` and write `HTTPServerResponsePart`.
    package let addHandlers: @Sendable (ChannelPipeline.SynchronousOperations) throws -> Void
    /// The service that takes simple requests from a connection's bytes.
    package let direct: (@Sendable (any DirectConnection) -> any DirectService)?

    /// - Parameter takes: called on the event loop for each request.
    package init(
      takes: @escaping @Sendable (_ path: Substring.UTF8View) -> Bool,
      addHandlers: @escaping @Sendable (ChannelPipeline.SynchronousOperations) throws -> Void,
      direct: (@Sendable (any DirectConnection) -> any DirectService)? = nil
    ) {
      self.direct = direct
      self.takes = takes
      self.addHandlers = addHandlers
    }
  }

  /// The queue of connections that wait to be accepted: long enough for a probe to find a place in it during a flood.
  private static let backlog: Int32 = 4096
  /// A client's bytes come in pieces of at most this size, and some pieces wait for the reader of a body.
  private static let largestPiece = 16 << 10

  private static let decoderLimits: NIOHTTPDecoderLimitConfiguration = {
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = 16 * 1024
    limits.maxHeaderListSize = 32 * 1024
    limits.maxHeaderFieldCount = 128
    return limits
  }()

  /// Every answer frames its body itself. The encoder would give an answer to `HEAD` a body.
  private static let encoder: HTTPResponseEncoder.Configuration = {
    var configuration = HTTPResponseEncoder.Configuration()
    configuration.automaticallySetFramingHeaders = false
    return configuration
  }()

  private let limiter: ConnectionLimiter
  private let counters: ConnectionCounters
  private let memory: RequestMemory
  private let deadlines: ConnectionDeadlines
  private let certificate: ServerCertificate?
  private let dataPlane: DataPlane?
  private let logger: Logger
  private let responder: ListenerResponder

  /// - Parameters:
  ///   - memory: what the heads of all connections share with the bodies.
  ///   - certificate: `nil`: the port speaks plain HTTP.
  ///   - dataPlane: `nil`: every request is for the responder.
  package init(
    limiter: ConnectionLimiter, counters: ConnectionCounters, memory: RequestMemory,
    deadlines: ConnectionDeadlines = ConnectionDeadlines(), certificate: ServerCertificate? = nil,
    dataPlane: DataPlane? = nil, logger: Logger,
    responder: @escaping ListenerResponder
  ) {
    self.limiter = limiter
    self.counters = counters
    self.memory = memory
    self.deadlines = deadlines
    self.certificate = certificate
    self.dataPlane = dataPlane
    self.logger = logger
    self.responder = responder
  }

  /// Opens the port. Connections are served until the channel is closed.
  ///
  /// - Parameter port: 0 for any that is free.
  package func listen(
    host: String, port: Int, on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
  ) async throws -> any Channel {
    try await ServerBootstrap(group: group)
      .serverChannelOption(ChannelOptions.backlog, value: Self.backlog)
      .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
      .serverChannelInitializer { [self] channel in
        channel.eventLoop.makeCompletedFuture {
          // First, so that each connection passes it before the bootstrap's own handler takes it.
          try channel.pipeline.syncOperations.addHandler(
            ConnectionGate(limiter: limiter, logger: logger) { [self] in try addHandlers(to: $0, $1) })
        }
      }
      .bind(host: host, port: port).get()
  }

  private func addHandlers(to channel: any Channel, _ place: ConnectionPlace) throws {
    let pipeline = channel.pipeline.syncOperations
    let pieces = AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 1024, maximum: Self.largestPiece)
    let options = channel.syncOptions
    try options?.setOption(.allowRemoteHalfClosure, value: true)
    try options?.setOption(.recvAllocator, value: pieces)
    // First, so that everything behind it sees plain HTTP.
    if let certificate { try pipeline.addHandler(certificate.handler()) }
    let (heads, writes) = (HeadMemory(memory), WriteDeadline())
    // Requests are answered one after the other by `RequestDispatcher`, and checked by `RequestCheck`.
    let connection = ConnectionGuard(
      slot: counters.slot(of: channel.eventLoop), place: place, heads: heads, deadlines: deadlines)
    guard let direct = dataPlane?.direct else {
      try pipeline.addHandler(connection)
      try addDecoder(to: pipeline, before: connection, heads, writes)
      return
    }
    // Many connections carry direct requests only, and need no decoder and none of the handlers around it.
    let front = FrontHandler(connection, writes, isSecure: certificate != nil) {
      try addDecoder(to: $0, before: connection, heads, writes)
    }
    // With names, since the pipeline would make a text for each.
    try pipeline.addHandler(front, name: "front")
    try pipeline.addHandler(connection, name: "guard")
    front.serve(direct(front))
  }

  /// Adds the way of requests through the HTTP decoder.
  @discardableResult
  private func addDecoder(
    to pipeline: ChannelPipeline.SynchronousOperations, before connection: ConnectionGuard, _ heads: HeadMemory,
    _ writes: WriteDeadline
  ) throws -> BodyScanner {
    let decoder = ByteToMessageHandler(
      HTTPRequestDecoder(limitConfiguration: Self.decoderLimits))
    // Requests are answered one after the other by `RequestDispatcher`, and checked by `RequestCheck`.
    try pipeline.addHandlers(
      [heads.meter, writes, HTTPResponseEncoder(configuration: Self.encoder), decoder], position: .before(connection))
    let scanner = try RequestCheck.add(to: pipeline)
    connection.follow(scanner)
    let dispatcher = RequestDispatcher(
      responder: responder, isOfDataPlane: dataPlane?.takes, executor: EventLoopExecutor(pipeline.eventLoop))
    try pipeline.addHandler(dispatcher, position: .after(connection))
    try dataPlane?.addHandlers(pipeline)
    return scanner
  }
}
