import Logging
import NIOCore

@testable import Listener

/// Opens a listener on a port that is free, and closes it at the end.
///
/// - Parameters:
///   - plane: makes the handler of a connection for paths below `/api/`; `nil`: every request is for the responder.
///   - body: gets the port.
func withListenerOnPort(
  deadlines: ConnectionDeadlines = ConnectionDeadlines(), maximum: Int = 100,
  counters: ConnectionCounters = ConnectionCounters(), certificate: ServerCertificate? = nil,
  plane: (@Sendable () -> any ChannelHandler)? = nil, responder: @escaping ListenerResponder,
  _ body: (_ port: Int) async throws -> Void
) async throws {
  var logger = Logger(label: "test")
  logger.logLevel = .critical
  let dataPlane = plane.map { makeHandler in
    Listener.DataPlane(
      takes: { path in path.starts(with: "/api/".utf8) }, addHandlers: { try $0.addHandler(makeHandler()) })
  }
  let listener = Listener(
    limiter: ConnectionLimiter(.init(maximum: maximum)) { _ in false }, counters: counters,
    memory: RequestMemory(limit: 1 << 20), deadlines: deadlines, certificate: certificate, dataPlane: dataPlane,
    logger: logger, responder: responder)
  let channel = try await listener.listen(host: "127.0.0.1", port: 0)
  do {
    try await body(channel.localAddress?.port ?? 0)
  } catch {
    try await channel.close()
    throw error
  }
  try await channel.close()
}
