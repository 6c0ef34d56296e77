import Gateway
import HTTPAPI
import HTTPTypes
import Hummingbird
import Listener
import Logging
import NIOCore
import Platform

extension Gatehouse {
  /// The port, whose requests Hummingbird's responder answers.
  func listener() -> Listener {
    let responder = PlatformResponder(platform)
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .notice)
    let (gateway, state) = (gateway, state)
    let dataPlane = Listener.DataPlane(
      // Before the state is loaded and while the gateway drains, the platform's responder tells why nothing is served.
      takes: { Gateway.takes($0) && state.availability != .starting }, addHandlers: gateway.addHandlers,
      direct: gateway.service)
    return Listener(
      limiter: connections, counters: state.counters, memory: platform.requestMemory,
      certificate: configuration.certificate?.certificate, dataPlane: dataPlane, logger: logger
    ) { [quiet, isSecure = configuration.certificate != nil] request in
      await Self.answer(request, isSecure: isSecure, responder, quiet)
    }
  }

  private static func answer(
    _ request: IncomingRequest, isSecure: Bool, _ responder: PlatformResponder, _ logger: Logger
  ) async -> OutgoingResponse {
    var context = CallContext(source: ApplicationRequestContextSource(channel: request.channel, logger: logger))
    context.standing = request.standing
    context.client = request.client
    var head = request.head
    // The platform API reads from this field whether cookies are to be secure. The connection proves that they are.
    if isSecure { head.headerFields[.forwardedProtocol] = "https" }
    let body = request.body.map { RequestBody(asyncSequence: $0) }
    do {
      let response = try await responder.respond(
        to: Request(head: head, body: body ?? RequestBody(buffer: ByteBuffer())), context: context)
      let collector = BodyCollector()
      try await response.body.write(collector)
      return OutgoingResponse(head: response.head, body: collector.body)
    } catch {
      logger.error("a request could not be answered", metadata: ["error": "\(error)"])
      return OutgoingResponse(
        head: HTTPResponse(status: .internalServerError, headerFields: [.contentLength: "0"]), body: nil)
    }
  }
}

/// Takes the body of an answer out of Hummingbird's response. A body of one buffer is not copied.
private final class BodyCollector: ResponseBodyWriter {
  private(set) var body: ByteBuffer?

  func write(_ buffer: ByteBuffer) async throws {
    if body == nil { body = buffer } else { body?.writeImmutableBuffer(buffer) }
  }

  consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
