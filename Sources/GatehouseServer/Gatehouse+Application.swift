import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Platform

extension Gatehouse {
  /// The length of the queue of connections that wait to be accepted. It leaves room for a health probe during a flood.
  private static let backlog = 4096

  /// The application that listens. The data plane comes to stand behind `ConnectionGuard`.
  func application(onListening: @escaping @Sendable (SocketAddress?) -> Void) -> some ApplicationProtocol {
    let (state, connections, memory, logger) = (state, connections, platform.requestMemory, logger)
    let isGated = ConnectionGateFlag()
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .notice)
    return Application(
      responder: PlatformResponder(platform),
      server: .http1(
        configuration: HTTP1Channel.Configuration(
          additionalChannelHandlers: [ConnectionGuard(state: state, limiter: connections, memory: memory)],
          httpDecoderConfiguration: .init(
            maxHeaderFieldSize: 16 * 1024, maxHeaderListSize: 32 * 1024, maxHeaderFieldCount: 128))),
      configuration: ApplicationConfiguration(
        address: .hostname(configuration.host, port: configuration.port), serverName: nil, backlog: Self.backlog,
        availableConnectionsDelegate: ClosedUntilGated(isGated)),
      onServerRunning: { channel in
        do {
          try await channel.eventLoop.submit {
            let gate = ConnectionGate(limiter: connections, logger: logger)
            try channel.pipeline.syncOperations.addHandler(gate, position: .first)
            isGated.raise()
            channel.read()
          }.get()
          onListening(channel.localAddress)
        } catch {
          // The socket was closed meanwhile. The task that waits for the server receives that error.
          logger.debug("the socket closed before it was gated", metadata: ["error": "\(error)"])
        }
      },
      logger: quiet)
  }
}
