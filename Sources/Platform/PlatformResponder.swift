import Authentication
import FoundationEssentials
import HTTPTypes
package import Hummingbird
import JSON
import Logging
import Model
import NIOCore
import Resources

/// Answers the requests of the platform API, step by step: identifier, availability, addresses, route, session,
/// permission, body, handler, envelope. The first step that refuses answers.
package struct PlatformResponder: HTTPResponder {
  package typealias Context = CallContext

  private let platform: PlatformServices
  private let table: RouteTable
  private let envelope: Envelope
  private let securityHeaders: SecurityHeaders
  private let crossOrigin: CrossOriginPolicy
  private let bodies: BodyReader

  package init(_ platform: PlatformServices) {
    self.platform = platform
    table = RouteTable(PlatformServices.routes)
    envelope = platform.configuration.strictEnvelope ? .strict : .plain
    securityHeaders = SecurityHeaders(platform.configuration)
    crossOrigin = CrossOriginPolicy(configuration: platform.configuration.crossOrigin)
    bodies = BodyReader(configuration: platform.configuration)
  }

  @concurrent
  package func respond(to request: Request, context: CallContext) async throws -> Response {
    let start = ContinuousClock.now
    let incoming = Incoming(request, context)
    var response: Response
    do {
      response = try await answer(incoming)
    } catch let refusal as RefusalWithFields {
      response = wrapped(envelope.wrap(refusal.refusal))
      response.headers.append(contentsOf: refusal.fields)
    } catch let refusal as Refusal {
      response = wrapped(envelope.wrap(refusal))
      if refusal.status == 503 { response.headers[.retryAfter] = "5" }
    } catch let error as AuthenticationError where error.code == .busy {
      response = wrapped(envelope.wrap(Refusal(503, "GTW503", "Too many logins at once; try again in a few seconds")))
      response.headers[.retryAfter] = "5"
    } catch {
      platform.logger.error(
        "call failed", metadata: ["request.id": "\(incoming.id)", "error": "\(error)"])
      response = wrapped(
        envelope.wrap(Refusal(500, "GTW999", "Something unforeseen happened; the log knows it by the request's id")))
    }
    finish(&response, incoming)
    log(incoming, response, took: ContinuousClock.now - start)
    return response
  }
}

/// A request before anything is known of it.
private struct Incoming {
  let id: String
  let request: Request
  let path: String
  let caller: Caller

  init(_ request: Request, _ context: CallContext) {
    id = RequestIdentifier.of(request.headers)
    self.request = request
    let target = request.head.path ?? "/"
    path = target.cut(at: UInt8(ascii: "?"))?.before ?? target
    let headers = request.headers
    let hops = headers[values: .forwardedFor].flatMap { line in
      line.allParts(betweenBytes: UInt8(ascii: ",")).map(\.withoutOuterSpace)
    }
    let proxyFields: [HTTPField.Name] = [.forwardedFor, .forwarded, .realAddress]
    caller = Caller(
      socket: context.remoteAddress?.ipAddress.flatMap(NetworkAddress.init), forwardedFor: hops,
      isForwarded: proxyFields.contains { headers[$0] != nil })
  }

  /// For the log: a client may send a path as long as a head may be, and each call writes one line.
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
    if let malformed = request.headers[.malformed] {
      throw (Malformation(rawValue: malformed) ?? .head).refusal
    }
    if !incoming.isProbe {
      try checkAvailability(request)
      try platform.settings.check(incoming.caller)
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
      return try await call(route, parameters, incoming)
    }
  }

  private func call(_ route: Route, _ parameters: [String: String], _ incoming: Incoming) async throws -> Response {
    let request = incoming.request
    let session = try session(route, incoming)
    if route.changesState { try platform.permitChange() }
    let share = RequestMemory.Share(of: platform.requestMemory)
    let content = try await bodies.read(request, path: incoming.path, for: route, in: share)
    let body = try check(content, route)
    let call = Call(
      id: incoming.id, method: request.method, path: incoming.path, host: request.head.authority,
      headers: request.headers, parameters: parameters,
      query: PercentEncoding.query(request.head.path?.cut(at: UInt8(ascii: "?"))?.after ?? ""),
      caller: incoming.caller, address: incoming.caller.address(trusting: platform.settings.addresses.trustedProxies),
      session: session, body: body, bytes: content)
    let answer = try await route.answer(call, platform)
    if route.changesState { try platform.acknowledgeChange() }
    var response = answer.encoded.map(encoded) ?? wrapped(envelope.wrap(answer))
    response.headers.append(contentsOf: answer.headers)
    return withExtendedLifetime(share) { response }
  }

  private func checkAvailability(_ request: Request) throws {
    let refusal: Refusal
    if request.headers[.turnedAway] != nil {
      refusal = .stopping
    } else if platform.availability() == .starting {
      refusal = Refusal(503, "GTW503", "The service is loading its newest dump; try again in a few seconds")
    } else {
      return
    }
    throw RefusalWithFields(refusal: refusal, fields: [.connection: "close", .retryAfter: "2"])
  }

  private func session(_ route: Route, _ incoming: Incoming) throws(Refusal) -> Session? {
    let headers = incoming.request.headers
    switch route.access {
    case .everyone:
      return nil
    case .optionalUser:
      return platform.session(of: headers)
    case .user(let code):
      return try required(code, incoming, route)
    case .permission(let permission, let refusal, let code):
      let session = try required(code, incoming, route)
      guard session.actor.may(permission) else {
        throw Refusal(403, refusal, "This needs the permission \(permission.rawValue)")
      }
      return session
    }
  }

  private func required(_ code: String, _ incoming: Incoming, _ route: Route) throws(Refusal) -> Session {
    guard let session = platform.session(of: incoming.request.headers) else { throw Session.refusal(code) }
    try platform.checkForgery(session, incoming.request.method, route, incoming.request.headers)
    return session
  }
}

// MARK: - Bodies

extension PlatformResponder {
  private func check(_ bytes: [UInt8], _ route: Route) throws(Refusal) -> CheckedBody? {
    switch route.body {
    case .none, .unchecked:
      return nil
    case .model(let model, let isOptional):
      if isOptional && bytes.isEmpty { return nil }
      let json: JSONValue
      do {
        json = try JSONParser().parse(bytes)
      } catch {
        throw Refusal(422, "VAL001", "The body is not JSON: \(error)")
      }
      if isOptional && json.isNull { return nil }
      do {
        return try model.check(json)
      } catch {
        throw Refusal(422, "VAL001", error.description)
      }
    }
  }
}

// MARK: - Answers

extension PlatformResponder {
  private func wrapped(_ answer: (status: Int, body: JSONValue?)) -> Response {
    let status = HTTPResponse.Status(code: answer.status)
    guard let body = answer.body else { return Response(status: status) }
    return Response(
      status: status, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: JSONWriter.bytes(body))))
  }

  private func encoded(_ body: ByteBuffer) -> Response {
    Response(status: .ok, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: body))
  }

  private func detail(_ status: HTTPResponse.Status, _ text: String) -> Response {
    wrapped((status.code, .object(["detail": .string(text)])))
  }

  private func finish(_ response: inout Response, _ incoming: Incoming) {
    response.headers[.requestID] = incoming.id
    response.headers[.requestIDOfPeer] = incoming.id
    for field in crossOrigin.fields(for: incoming.request.headers[.origin]) {
      response.headers[field.name] = field.value
    }
    securityHeaders.add(to: &response.headers)
    if response.status == .serviceUnavailable, platform.availability() == .draining {
      response.headers[.connection] = "close"
    }
    if incoming.request.method == .head { response = response.createHeadResponse() }
  }

  /// One line a call: no query, since secrets are put there, no header and no body.
  private func log(_ incoming: Incoming, _ response: Response, took duration: Duration) {
    let (seconds, attoseconds) = duration.components
    let microseconds = Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000)
    platform.logger.log(
      level: incoming.isProbe ? .debug : .info, "call",
      metadata: [
        "request.id": "\(incoming.id)",
        "request.method": "\(incoming.request.method.rawValue)",
        "request.path": "\(incoming.shortPath)",
        "response.status": .stringConvertible(response.status.code),
        "duration.us": .stringConvertible(microseconds),
        "client.address": "\(incoming.caller.socket?.description ?? "unknown")",
      ])
  }
}
