import Model
import NIOCore
import NIOHTTP1

/// The server's side of a call.
extension ProxiedCall: ConnectionTaker {
  /// Begins a try.
  func connect() {
    guard phase == .waiting, let admission else { return }
    let now = NIODeadline.now().uptimeNanoseconds
    guard admission.api.breaker.admit(now: now) else { return answer(.circuitOpen) }
    guard let server = admission.servers.next(now: now) else { return answer(.noServer) }
    self.server = server
    tries += 1
    (tryStart, answerStart, isSent) = (now, 0, false)
    let origin = loop.pool.origin(of: server)
    if let connection = origin.takeIdle() { return took(connection) }
    let times = gateway.configuration.timeouts
    let own = admission.api.record.timeouts
    wish = origin.wish(self, connect: .seconds(own.connect ?? times.connect), wait: .seconds(own.pool ?? times.pool))
  }

  func took(_ connection: UpstreamConnection) {
    wish = nil
    guard phase == .waiting, let admission, let server else { return connection.close() }
    self.connection = connection
    let times = gateway.configuration.timeouts
    let own = admission.api.record.timeouts
    connection.begin(
      self, isHead: head.method == .HEAD, read: .seconds(own.read ?? times.read),
      write: .seconds(own.write ?? times.write))
    writeHead(admission, server, connection)
    for part in body.partsForConnection() { write(part, to: connection) }
    if body.isComplete {
      endRequest(on: connection)
    } else {
      if fields.expectsContinue, body.count == 0, head.version == .http1_1 { sendContinue() }
      connection.flush()
      connection.awaitClient()
    }
    handler.release()
  }

  func tookNone(_ failure: UpstreamFailure) {
    wish = nil
    upstreamFailed(failure)
  }

  private func sendContinue() {
    handler.write(.head(HTTPResponseHead(version: .http1_1, status: .continue)))
    handler.flush()
  }

  private var framing: RequestWriter.Framing {
    if fields.isChunked { return .chunked }
    if let length = fields.contentLength { return .counted(length) }
    switch head.method {
    case .POST, .PUT, .PATCH: return .counted(0)
    default: return .none
    }
  }

  private func writeHead(_ admission: Admission, _ server: UpstreamServer, _ connection: UpstreamConnection) {
    let proxies = loop.table.model.settings.addresses.trustedProxies
    let client = handler.client
    let isTrusted = !proxies.isEmpty && client.map { client in proxies.contains { $0.contains(client) } } == true
    let writer = RequestWriter(
      admission: admission, fields: fields, requestID: requestID, client: client?.description ?? "unknown",
      isFromTrustedProxy: isTrusted, isSecure: false, via: gateway.viaField,
      traceParent: TraceParent.of(fields.traceParent, using: &loop.random))
    var buffer = connection.buffer(capacity: 1024)
    writer.write(head, to: server.address, framing, into: &buffer)
    isSent = true
    connection.write(buffer)
  }

  func write(_ bytes: ByteBuffer, to connection: UpstreamConnection) {
    guard fields.isChunked, bytes.readableBytes > 0 else { return connection.write(bytes) }
    var size = connection.buffer(capacity: 16)
    size.writeString(String(bytes.readableBytes, radix: 16))
    size.writeStaticString("\r\n")
    connection.write(size)
    connection.write(bytes)
    connection.write(Self.lineEnd)
  }

  private static let lineEnd = ByteBuffer(string: "\r\n")
  private static let lastChunk = ByteBuffer(string: "0\r\n\r\n")

  func endRequest(on connection: UpstreamConnection) {
    if fields.isChunked { connection.write(Self.lastChunk) }
    connection.flush()
    connection.endRequest()
  }
}

extension ProxiedCall: UpstreamReceiver {
  func upstreamSent(informational answer: ResponseHead) {
    // A 100 of the server is for the gateway, which has told the client to go on by then.
    guard phase == .waiting, answer.status != 100, head.version == .http1_1 else { return }
    var fields: [(String, String)] = []
    for field in answer.fields { fields.append((answer.text(field.name), answer.text(field.value))) }
    handler.write(
      .head(
        HTTPResponseHead(
          version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status),
          headers: HTTPHeaders(fields.filter { !PassedFields.neverToClient.contains($0.0) && $0.0.isField("link") }))))
    handler.flush()
  }

  func upstreamSent(head answer: ResponseHead) {
    guard phase == .waiting, let admission, let server else { return }
    let now = NIODeadline.now().uptimeNanoseconds
    server.health.noteSuccess()
    if RetryRules.isFailure(answer.status) {
      admission.api.breaker.fail(now: now)
      if mayRetry(isAnswered: true), admission.api.breaker.admit(now: now) { return retry() }
    } else {
      admission.api.breaker.succeed()
    }
    if answer.status == 404 { return self.answer(.notFoundThere) }
    answerStart = now
    let backend = Int((now - tryStart) / 1_000_000)
    let fields = AnswerFields(requestID: requestID, origin: self.fields.origin, api: admission.api)
    let answerHead = fields.head(
      of: answer, isHead: head.method == .HEAD, version: head.version, date: loop.dateText(),
      gatewayTime: max(0, Int((now - started) / 1_000_000) - backend), backendTime: backend)
    phase = .answering
    status = answer.status
    answerBytes = answer.bytes.readableBytes
    handler.write(.head(answerHead))
    if !handler.isClientWritable { connection?.pause() }
  }

  func upstreamSent(body bytes: ByteBuffer) {
    guard phase == .answering else { return }
    answerBytes += bytes.readableBytes
    handler.write(.body(.byteBuffer(bytes)))
    if !handler.isClientWritable { connection?.pause() }
  }

  func upstreamPaused() {
    if phase == .answering { handler.flush() }
  }

  func upstreamEnded() {
    connection = nil
    guard phase == .answering else { return }
    let handler = handler
    end(status: status)
    handler.write(.end(nil))
    handler.flush()
  }

  func upstreamFailed(_ failure: UpstreamFailure) {
    let isStale = connection?.isReused == true && failure == .closedBeforeAnswer
    connection = nil
    guard phase == .waiting, let admission else { return breakOff() }
    let now = NIODeadline.now().uptimeNanoseconds
    if isStale, !hasRetriedStale, body.isRepeatable, RetryRules.isIdempotent(head.method) {
      hasRetriedStale = true
      tries -= 1
      return connect()
    }
    if failure == .crowded { return answer(.crowded) }
    admission.api.breaker.fail(now: now)
    if failure == .unreachable { server?.health.noteFailure(now: now) }
    switch failure {
    case .readTimeout, .writeTimeout: answer(.timeout)
    case .unreachable, .closedBeforeAnswer, .broken, .crowded:
      if mayRetry(isAnswered: false), admission.api.breaker.admit(now: now) { return retry() }
      answer(.unreachable)
    }
  }

  func upstreamWritabilityChanged(_ isWritable: Bool) {
    if isWritable { handler.release() }
  }

  /// Whether the call may be tried again: the API lets it, the request can be sent again, and it does no harm.
  private func mayRetry(isAnswered: Bool) -> Bool {
    guard let admission, tries <= admission.api.record.retries, body.isRepeatable else { return false }
    return RetryRules.isIdempotent(head.method) || !isSent
  }

  private func retry() {
    connection?.abandon()
    connection = nil
    let delay = gateway.retries.delay(before: tries - 1, random: Double.random(in: 0...1, using: &loop.random))
    after(nanoseconds: delay) { $0.connect() }
  }
}

extension TimeAmount {
  /// A time in seconds, which may have a fraction.
  fileprivate static func seconds(_ seconds: Double) -> TimeAmount { .nanoseconds(Int64(seconds * 1_000_000_000)) }
}
