import Clocks
import HTTPAPI
import HTTPTypes
package import Hummingbird
import JSON
import Listener
import Logging
import Logs
import Model
import NIOCore

/// Answers the requests of the platform API, step by step: identifier, availability, addresses, route, session,
/// permission, body, handler, envelope. The first step that fails answers.
package struct PlatformResponder: HTTPResponder {
  /// The facts that the listener hands over with a request.
  package typealias Context = CallContext

  private let platform: PlatformServices
  private let table: RouteTable<PlatformAPI>
  private let envelope: Envelope
  private let securityHeaders: SecurityHeaders
  private let crossOrigin: CrossOriginPolicy
  private let bodies: BodyReader

  /// A responder for the resources of these services.
  package init(_ platform: PlatformServices) {
    let configuration = platform.configuration
    self.platform = platform
    table = RouteTable(platform.resources.flatMap(\.routes))
    envelope = configuration.strictEnvelope ? .strict : .plain
    securityHeaders = SecurityHeaders(
      contentSecurityPolicy: configuration.contentSecurityPolicy, httpsOnly: configuration.httpsOnly)
    crossOrigin = CrossOriginPolicy(configuration.crossOrigin)
    bodies = BodyReader(configuration: configuration)
  }

  /// Answers a request.
  package func respond(to request: Request, context: CallContext) async throws -> Response {
    let start = SteadyClock.now()
    let incoming = Incoming(request, context)
    var response: Response
    do {
      response = try await answer(incoming)
    } catch {
      response = failed(error, incoming)
    }
    finish(&response, incoming)
    log(incoming, response, took: SteadyClock.now() - start)
    return response
  }
}

/// A request before it is routed.
private struct Incoming {
  let id: String
  let request: Request
  let path: String
  let caller: Caller
  let standing: RequestStanding

  init(_ request: Request, _ context: CallContext) {
    var generator = SystemRandomNumberGenerator()
    id = RequestIdentifier.of(request.headers[.requestID], using: &generator)
    self.request = request
    standing = context.standing
    let target = request.head.path ?? "/"
    path = target.cut(at: UInt8(ascii: "?"))?.before ?? target
    let headers = request.headers
    let hops = headers[values: .forwardedFor].flatMap { line in
      line.allParts(betweenBytes: UInt8(ascii: ",")).map(\.withoutOuterSpace)
    }
    let proxyFields: [HTTPField.Name] = [.forwardedFor, .forwarded, .realAddress]
    caller = Caller(
      socket: context.client, forwardedFor: hops,
      isForwarded: proxyFields.contains { headers[$0] != nil })
  }

  /// The path for the log. A client may send a path as long as a head may be, and each request writes one line.
  var shortPath: String {
    path.utf8.count <= 512 ? path : String(decoding: path.utf8.prefix(512), as: UTF8.self) + "…"
  }

  var isProbe: Bool {
    [MonitorRoutes.livenessPath, MonitorRoutes.readinessPath, "/api/health"].containsBytes(of: path)
  }
}

extension PlatformResponder {
  private func answer(_ incoming: Incoming) async throws -> Response {
    let request = incoming.request
    if let malformation = incoming.standing.malformation { throw malformation.error }
    // All that follows sees this state.
    let state = platform.model.version()
    if !incoming.isProbe {
      try checkAvailability(incoming.standing)
      try state.settings.check(incoming.caller)
    }
    if let fields = try crossOrigin.preflight(request.head) { return Response(status: .noContent, headers: fields) }
    // The server as a whole (RFC 9110, section 9.3.7).
    if request.method == .options, incoming.path == "*" {
      return Response(status: .noContent, headers: [.allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"])
    }
    switch table.match(request.method, incoming.path) {
    case .nothing:
      return detail(.notFound, "There is no such route; GET /platform/openapi.json lists all")
    case .otherMethods(let methods):
      let names = methods.map(\.rawValue).joined(separator: ", ")
      var response = detail(.methodNotAllowed, "This route takes only \(names)")
      response.headers[.allow] = names
      return response
    case .route(let route, let parameters):
      return try await call(route, parameters, incoming, state)
    }
  }

  /// Answers a request to a route: on the connection's event loop if it only reads, else on the cooperative pool, since
  /// a body may be large, changes wait for each other and dumps take long.
  private func call(
    _ route: Route, _ parameters: [String: String], _ incoming: Incoming, _ state: ModelVersion
  ) async throws -> Response {
    let session = try session(route, incoming, state)
    if route.changesState { try platform.writer.permit() }
    if [.get, .head].contains(route.method) { return try await call(route, parameters, incoming, state, session) }
    return try await withTaskExecutorPreference(globalConcurrentExecutor) {
      try await call(route, parameters, incoming, state, session)
    }
  }

  private func call(
    _ route: Route, _ parameters: [String: String], _ incoming: Incoming, _ state: ModelVersion, _ session: Session?
  ) async throws -> Response {
    let request = incoming.request
    let share = RequestMemory.Share(of: platform.requestMemory)
    let content = try await bodies.read(request, path: incoming.path, for: route, in: share)
    let body = try check(content, route)
    let call = Call(
      id: incoming.id, host: request.head.authority, headers: request.headers, parameters: parameters,
      query: PercentEncoding.query(request.head.path?.cut(at: UInt8(ascii: "?"))?.after ?? ""),
      caller: incoming.caller, session: session, body: body, bytes: content, state: state,
      maximumPageSize: platform.configuration.maximumPageSize, writer: platform.writer)
    let answer = try await route.answer(call, platform)
    if route.changesState { try platform.writer.acknowledge() }
    var response = answer.encoded.map(encoded) ?? wrapped(envelope.wrap(answer))
    response.headers.append(contentsOf: answer.headers)
    return withExtendedLifetime(share) { response }
  }

  private func checkAvailability(_ standing: RequestStanding) throws(APIError) {
    let message: String
    if standing.isTooLate {
      message = APIError.stopping.message
    } else if platform.status.availability() == .starting {
      message = "The gateway is loading its newest dump; try again in a few seconds"
    } else {
      return
    }
    throw APIError(503, "GTW503", message, headers: [.connection: "close", .retryAfter: "2"])
  }

  private func session(_ route: Route, _ incoming: Incoming, _ state: ModelVersion) throws(APIError) -> Session? {
    switch route.access {
    case .everyone:
      return nil
    case .optionalUser:
      return Session(of: incoming.request.headers, in: state, platform.accounts)
    case .user(let code):
      return try required(code, incoming, route, state)
    case .permission(let permission, let refusal, let code):
      let session = try required(code, incoming, route, state)
      guard session.requester.may(permission) else {
        throw APIError(403, refusal, "This needs the permission \(permission.rawValue)")
      }
      return session
    }
  }

  private func required(
    _ code: String, _ incoming: Incoming, _ route: Route, _ state: ModelVersion
  ) throws(APIError) -> Session {
    let headers = incoming.request.headers
    guard let session = Session(of: headers, in: state, platform.accounts) else { throw Session.error(code) }
    try session.checkForgery(route, incoming.request.method, headers, httpsOnly: platform.configuration.httpsOnly)
    return session
  }
}

// MARK: - Bodies

extension PlatformResponder {
  private func check(_ bytes: [UInt8], _ route: Route) throws(APIError) -> CheckedBody? {
    switch route.body {
    case .none, .unchecked:
      return nil
    case .model(let model, let isOptional):
      if isOptional && bytes.isEmpty { return nil }
      let json: JSONValue
      do {
        json = try JSONParser().parse(bytes)
      } catch {
        throw APIError(422, "VAL001", "The body is not JSON: \(error)")
      }
      if isOptional && json.isNull { return nil }
      do {
        return try model.check(json)
      } catch {
        throw APIError(422, "VAL001", error.description)
      }
    }
  }
}

// MARK: - Answers

extension PlatformResponder {
  private func failed(_ error: any Error, _ incoming: Incoming) -> Response {
    let foreseen = APIError(error)
    if foreseen == nil {
      platform.logger.error("request failed", metadata: ["request.id": "\(incoming.id)", "error": "\(error)"])
    }
    let failure =
      foreseen
      ?? APIError(500, "GTW999", "The request failed unexpectedly; search the log for this request id")
    var response = wrapped(envelope.wrap(failure))
    response.headers.append(contentsOf: failure.headers)
    return response
  }

  private func wrapped(_ answer: (status: Int, body: JSONValue?)) -> Response {
    let status = HTTPResponse.Status(code: answer.status)
    guard let body = answer.body else { return Response(status: status) }
    return Response(
      status: status, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: JSONWriter.bytes(body))))
  }

  private func encoded(_ answer: (status: Int, type: String, bytes: ByteBuffer)) -> Response {
    Response(
      status: HTTPResponse.Status(code: answer.status), headers: [.contentType: answer.type],
      body: ResponseBody(byteBuffer: answer.bytes))
  }

  private func detail(_ status: HTTPResponse.Status, _ text: String) -> Response {
    wrapped((status.code, .object(["detail": .string(text)])))
  }

  private func finish(_ response: inout Response, _ incoming: Incoming) {
    response.headers[.requestID] = incoming.id
    response.headers[.requestIDOfDoorman] = incoming.id
    for field in crossOrigin.fields(for: incoming.request.headers[.origin]) {
      response.headers[field.name] = field.value
    }
    securityHeaders.add(to: &response.headers)
    if response.status == .serviceUnavailable, platform.status.availability() == .draining {
      response.headers[.connection] = "close"
    }
    if incoming.request.method == .head { response = response.createHeadResponse() }
  }

  /// Logs one line a request.
  private func log(_ incoming: Incoming, _ response: Response, took duration: Duration) {
    platform.accessLog.write(
      AccessRecord(
        id: incoming.id, method: incoming.request.method.rawValue, path: incoming.shortPath,
        status: response.status.code, duration: duration,
        client: incoming.caller.socket?.description ?? "unknown"),
      level: incoming.isProbe ? .debug : .info)
  }
}
