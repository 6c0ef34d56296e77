import Authentication
import Clocks
import DocumentStore
import HTTPAPI
import HTTPTypes
package import Hummingbird
import JSON
import Listener
import Logging
import Logs
import Model
import NIOCore

/// Answers the requests of the platform API, step by step: identifier, availability, addresses, declared length, route,
/// session, permission, body, handler, envelope. The first step that fails answers.
package struct PlatformResponder: HTTPResponder {
  /// The facts that the listener hands over with a request.
  package typealias Context = CallContext

  let platform: PlatformServices
  private let table: RouteTable<PlatformAPI>
  private let envelope: Envelope
  private let securityHeaders: SecurityHeaders
  private let crossOrigin: CrossOriginPolicy
  let bodies: BodyReader

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
    if let peers = platform.peers, incoming.isMessage { return await answer(incoming, peers, context) }
    let response: Response
    do {
      let made = try await answer(incoming)
      response = made.isComplete ? made.response : finished(made.response, incoming)
    } catch {
      response = finished(failed(error, incoming), incoming)
    }
    log(incoming, response, took: SteadyClock.now() - start)
    return response
  }
}

extension PlatformResponder {
  func answer(_ incoming: Incoming) async throws -> PlatformAnswer {
    let request = incoming.request
    if let malformation = incoming.standing.malformation { return PlatformAnswer(try refusal(of: malformation)) }
    // All that follows sees this state.
    var state = platform.model.version()
    if !incoming.isProbe {
      try checkAvailability(incoming.standing)
      do throws(APIError) {
        try state.settings.check(incoming.caller)
      } catch {
        let safe = await platform.visible(state)
        guard safe !== state else { throw error }
        try safe.settings.check(incoming.caller)
        state = safe
      }
    }
    try bodies.checkLength(of: request, path: incoming.path)
    if !incoming.isBelowAPI, let fields = try crossOrigin.preflight(request.head) {
      return PlatformAnswer(Response(status: .noContent, headers: fields))
    }
    // The server as a whole (RFC 9110, section 9.3.7).
    if request.method == .options, incoming.path == "*" {
      return PlatformAnswer(
        Response(status: .noContent, headers: [.allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"]))
    }
    switch table.match(request.method, incoming.path) {
    case .nothing:
      return PlatformAnswer(detail(.notFound, "There is no such route; GET /platform/openapi.json lists all"))
    case .otherMethods(let methods):
      let names = methods.map(\.rawValue).joined(separator: ", ")
      return PlatformAnswer(wrongMethod("This route takes only \(names)", [.allow: names]))
    case .route(let route, let parameters):
      let routed = Routed(route, parameters, incoming)
      do {
        if route.needsWriter, let peers = platform.peers, !incoming.staysHere {
          return try await change(routed, peers, judgedBy: state)
        }
        let newest = await newestState(for: routed, state)
        if newest !== state, !incoming.isProbe { try newest.settings.check(incoming.caller) }
        return PlatformAnswer(try await call(routed, newest))
      } catch {
        // A read has waited before.
        if route.needsWriter { try await settle(error, routed) }
        throw error
      }
    }
  }

  /// Answers a request to a route: on the connection's event loop if it only reads a little, else on the cooperative
  /// pool, since a body may be large, changes wait for each other and dumps take long. Calls to APIs would wait for a
  /// long list, too.
  private func call(_ routed: Routed, _ state: ModelVersion) async throws -> Response {
    let (route, request) = (routed.route, routed.incoming.request)
    let session = try session(routed, state)
    if route.changesState { try platform.writer.permit() }
    let answer = { () async throws -> Response in
      let share = RequestMemory.Share(of: platform.requestMemory)
      let content = try await bodies.read(request, path: routed.incoming.path, for: route, in: share)
      let response = try await run(routed, state, session, content)
      return withExtendedLifetime(share) { response }
    }
    if [.get, .head].contains(route.method), !route.readsMuch { return try await answer() }
    return try await withTaskExecutorPreference(globalConcurrentExecutor) { try await answer() }
  }

  /// Answers a request whose body was read, in this task.
  func run(
    _ routed: Routed, _ state: ModelVersion, _ session: Session?, _ content: [UInt8]
  ) async throws -> Response {
    let (route, incoming) = (routed.route, routed.incoming)
    let request = incoming.request
    let body = try check(content, route)
    let call = Call(
      id: incoming.id, host: request.head.authority, headers: request.headers, parameters: routed.parameters,
      query: PercentEncoding.query(request.head.path?.cut(at: UInt8(ascii: "?"))?.after ?? ""),
      caller: incoming.caller, session: session, body: body, bytes: content, state: state,
      maximumPageSize: platform.configuration.maximumPageSize, writer: platform.writer)
    let answer = try await Commit.$presentActor.withValue(session?.token.sub) {
      try await route.answer(call, platform)
    }
    if route.changesState { try platform.writer.acknowledge() }
    var response = answer.encoded.map(encoded) ?? wrapped(envelope.wrap(answer))
    response.headers.append(contentsOf: answer.headers)
    return response
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
    throw APIError(503, "GTW503", message, headers: [.connection: "close", .retryAfter: "2"], isForOthers: true)
  }

  func session(_ routed: Routed, _ state: ModelVersion) throws(APIError) -> Session? {
    let (route, incoming) = (routed.route, routed.incoming)
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
  func failed(_ error: any Error, _ incoming: Incoming) -> Response {
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
    return encoded((status.code, "application/json", ByteBuffer(bytes: JSONWriter.bytes(body))))
  }

  private func encoded(_ answer: (status: Int, type: String, bytes: ByteBuffer)) -> Response {
    var headers: HTTPFields = [.contentType: answer.type]
    if answer.type.beginsWithBytes("application/json") { headers[.bodyLength] = String(answer.bytes.readableBytes) }
    return Response(
      status: HTTPResponse.Status(code: answer.status), headers: headers,
      body: ResponseBody(byteBuffer: answer.bytes))
  }

  private func detail(_ status: HTTPResponse.Status, _ text: String) -> Response {
    wrapped((status.code, .object(["detail": .string(text)])))
  }

  /// - Parameter fields: with `Allow`.
  private func wrongMethod(_ text: String, _ fields: HTTPFields) -> Response {
    var response = detail(.methodNotAllowed, text)
    response.headers.append(contentsOf: fields)
    return response
  }

  /// The answer to a request that can't be taken as HTTP. A method that HTTP does not have is answered as one that a
  /// route does not have.
  private func refusal(of malformation: Malformation) throws(APIError) -> Response {
    let failure = malformation.error
    guard failure.status == 405 else { throw failure }
    return wrongMethod(failure.message, failure.headers)
  }

  /// Adds the fields that every answer has.
  func finished(_ answer: Response, _ incoming: Incoming) -> Response {
    var response = answer
    response.headers[.requestID] = incoming.id
    response.headers[.requestIDOfDoorman] = incoming.id
    if incoming.isBelowAPI {
      response.headers[.vary] = "Accept-Encoding"
    } else {
      for field in crossOrigin.fields(for: incoming.request.headers[.origin]) {
        response.headers[field.name] = field.value
      }
    }
    // The status asks for a challenge (RFC 9110, section 15.5.2).
    if response.status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
    securityHeaders.add(to: &response.headers)
    if response.status == .serviceUnavailable, platform.status.availability() == .draining {
      response.headers[.connection] = "close"
    }
    // An answer without content has no length (RFC 9110, section 8.6).
    if response.status == .noContent { response.headers[.contentLength] = nil }
    return incoming.request.method == .head ? response.createHeadResponse() : response
  }

  /// Logs one line a request.
  func log(_ incoming: Incoming, _ response: Response, took duration: Duration) {
    platform.accessLog.write(
      AccessRecord(
        id: incoming.id, method: incoming.request.method.rawValue, path: incoming.shortPath,
        status: response.status.code, duration: duration,
        client: incoming.caller.socket?.description ?? "unknown"),
      level: incoming.isProbe ? .debug : .info)
  }
}
