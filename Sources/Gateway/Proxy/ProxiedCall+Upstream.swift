import Listener
import Model
import NIOCore

/// The server's side of a call.
extension ProxiedCall: ConnectionTaker {
  /// Begins a try, if the circuit lets it.
  func connect() {
    guard phase == .waiting, let admission else { return }
    let now = NIODeadline.now().uptimeNanoseconds
    guard admission.api.breaker.admit(now: now) else { return answer(.circuitOpen) }
    admitted = now
    connect(admission, now: now)
  }

  private func connect(_ admission: Admission, now: UInt64) {
    guard let server = admission.servers.next(now: now) else { return answer(.noServer) }
    self.server = server
    tries += 1
    tryStart = now
    let origin = loop.pool.origin(of: server)
    // A server that ended one kept connection, as at a restart, may have ended the others as well.
    if !hasRetriedStale, let connection = origin.takeIdle() { return took(connection) }
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
      self, isHead: head.method == .head, read: .seconds(own.read ?? times.read),
      write: .seconds(own.write ?? times.write))
    writeHead(admission, server)
    let parts = body.partsForConnection()
    if body.isComplete, body.count <= RequestMemory.free, !head.isChunked {
      for part in parts { part.withUnsafeReadableBytes { loop.requestBytes.writeBytes($0) } }
      loop.requestBytes.withBytes { connection.send($0) }
      connection.endRequest()
      return parts.isEmpty ? () : client.release()
    }
    connection.write(loop.requestBytes.buffer(connection.allocator))
    for part in parts { write(part, to: connection) }
    if body.isComplete {
      endRequest(on: connection)
    } else {
      if body.count == 0, head.expectsContinue, !hasSentContinue { sendContinue() }
      connection.flush()
    }
    if body.isComplete || connection.isWritable { client.release() }
  }

  func tookNone(_ failure: UpstreamFailure) {
    wish = nil
    upstreamFailed(failure)
  }

  private func sendContinue() {
    hasSentContinue = true
    client.write(informational: ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n"))
    client.flush()
  }

  private var framing: RequestWriter.Framing {
    if head.isChunked { return .chunked }
    if let length = head.contentLength { return .counted(length) }
    switch head.method {
    case .post, .put, .patch: return .counted(0)
    default: return .none
    }
  }

  private func writeHead(_ admission: Admission, _ server: UpstreamServer) {
    let proxies = loop.table.trustedProxies
    let address = client.address
    let isTrusted = !proxies.isEmpty && address.map { address in proxies.contains { $0.contains(address) } } == true
    let writer = RequestWriter(
      admission: admission, head: head, identifier: identifier, client: address?.description ?? "unknown",
      isFromTrustedProxy: isTrusted, isSecure: client.isSecure,
      via: head.minorVersion == 1 ? gateway.viaField : gateway.olderViaField,
      traceParent: TraceParent(head.value(.traceParent), using: &loop.random))
    loop.requestBytes.clear()
    writer.write(to: server.address, framing, into: loop.requestBytes)
    isSent = true
  }

  func write(_ bytes: ByteBuffer, to connection: UpstreamConnection) {
    guard head.isChunked, bytes.readableBytes > 0 else { return connection.write(bytes) }
    connection.write(Chunk.size(bytes.readableBytes))
    connection.write(bytes)
    connection.write(Chunk.end)
  }

  func endRequest(on connection: UpstreamConnection) {
    if head.isChunked { connection.write(Chunk.last(trailers)) }
    connection.flush()
    connection.endRequest()
  }
}

extension ProxiedCall: UpstreamReceiver {
  func upstreamSent(informational answer: ResponseHead) {
    // A 100 of the server is for the gateway, which has told the client to go on by then.
    guard phase == .waiting, answer.status == 103, head.minorVersion == 1 else { return }
    var buffer = client.buffer(capacity: 256)
    buffer.writeStaticString("HTTP/1.1 103 Early Hints\r\n")
    for field in answer.fields where answer.text(field.name).isField("link") {
      buffer.writeString("link: \(answer.text(field.value))\r\n")
    }
    buffer.writeStaticString("\r\n")
    client.write(informational: buffer)
    client.flush()
  }

  func upstreamSent(head answer: ResponseHead) {
    guard phase == .waiting, let admission else { return }
    let now = NIODeadline.now().uptimeNanoseconds
    let backend = endTry(now: now)
    loop.metrics.backendTime.add(backend)
    server?.health.noteSuccess()
    if RetryRules.isFailure(answer.status) {
      admission.api.breaker.fail(begun: admitted, now: now)
      if mayRetry, admission.api.breaker.isClosed { return retry() }
    } else {
      admission.api.breaker.succeed(begun: admitted)
    }
    if answer.status == 404 { return self.answer(.notFoundThere) }
    let own = noteGatewayTime(now: now)
    let writer = AnswerHead(call: answeredCall, api: admission.api)
    let isCompressed = beginCompression(answer)
    let framing = writer.framing(answer, isCompressed: isCompressed)
    let closes = client.beginAnswer(saysClose: framing == .untilClose) || framing == .untilClose
    let bytes = client.headBytes()
    writer.write(
      answer, closes: closes, isCompressed: isCompressed, date: loop.dateText(),
      gatewayTime: Int(own / 1_000_000), backendTime: Int(serverTime / 1_000_000), into: bytes)
    phase = .answering
    status = answer.status
    answerBytes = answer.bytes.readableBytes
    client.write(head: bytes, framing)
    if !client.isWritable { connection?.pause() }
  }

  func upstreamSent(body bytes: ByteBuffer) {
    guard phase == .answering else { return }
    answerBytes += bytes.readableBytes
    client.write(body: gzip?.write(bytes) ?? bytes)
    if !client.isWritable { connection?.pause() }
  }

  func upstreamPaused() {
    guard phase == .answering else { return }
    // The body is passed on as it comes, also through the compression.
    if let gzip, gzip.hasUnflushed { client.write(body: gzip.flush()) }
    client.flush()
  }

  func upstreamSent(trailers: TrailerSection) {
    if phase == .answering { keepTrailers(trailers) }
  }

  func upstreamEnded() {
    connection = nil
    guard phase == .answering else { return }
    let client = client
    if let gzip { client.write(body: gzip.finish()) }
    let trailers = answerTrailers
    end(status: status)
    client.endAnswer(trailers: trailers)
  }

  /// - Returns: whether the body is compressed, or the one that an answer without a body is about.
  private func beginCompression(_ answer: ResponseHead) -> Bool {
    guard head.has(.acceptEncoding), let level = gateway.compression.level,
      gateway.compression.applies(
        answer, isHead: head.method == .head, acceptEncoding: head.values(.acceptEncoding))
    else { return false }
    if answer.status == 304 { return !Compression.isAboutPlainBody(answer, head.values(named: "if-none-match")) }
    if answer.framing == .none { return true }
    gzip = GzipStream(level: level, ByteBufferAllocator())
    return gzip != nil
  }

  func upstreamFailed(_ failure: UpstreamFailure) {
    let isStale = connection?.isReused == true && failure == .closedBeforeAnswer
    connection = nil
    guard phase == .waiting, let admission else { return breakOff() }
    let now = NIODeadline.now().uptimeNanoseconds
    endTry(now: now)
    if isStale, !hasRetriedStale, body.isRepeatable, head.method.isIdempotent {
      hasRetriedStale = true
      gateway.metrics.staleRetries.add()
      tries -= 1
      return connect(admission, now: now)
    }
    if failure == .crowded { return answer(.crowded) }
    if failure == .displaced { return answer(CallFailure.lateBody.closing) }
    admission.api.breaker.fail(begun: admitted, now: now)
    report(failure, now: now)
    if failure == .unreachable || failure == .connectTimeout { server?.health.noteFailure(now: now) }
    switch failure {
    case .readTimeout, .writeTimeout:
      gateway.metrics.timeouts.add()
      answer(.timeout)
    case .unreachable, .connectTimeout, .closedBeforeAnswer, .broken, .crowded, .displaced:
      if mayRetry, admission.api.breaker.isClosed { return retry() }
      answer(failure == .connectTimeout ? .timeout : .unreachable)
    }
  }

  func upstreamWritabilityChanged(_ isWritable: Bool) {
    if isWritable { client.release() }
  }

  /// Counts the time of the present try as the server's.
  ///
  /// - Returns: that time.
  @discardableResult
  private func endTry(now: UInt64) -> UInt64 {
    guard let start = tryStart else { return 0 }
    tryStart = nil
    serverTime += now - start
    return now - start
  }

  /// Notes the time of a call without that of its servers, when its answer begins or it ends without one. A call that
  /// had no server is not among those that were forwarded.
  ///
  /// - Returns: that time.
  @discardableResult
  func noteGatewayTime(now: UInt64) -> UInt64 {
    guard server != nil else { return 0 }
    endTry(now: now)
    let own = now - started - serverTime
    loop.metrics.gatewayTime.add(own)
    return own
  }

  /// Whether the call may be tried again: the API lets it, the request can be sent again, and it does no harm.
  private var mayRetry: Bool {
    guard let admission, tries <= admission.api.record.retries, body.isRepeatable else { return false }
    return head.method.isIdempotent || !isSent
  }

  private func retry() {
    gateway.metrics.retries.add()
    connection?.drain()
    connection = nil
    let delay = gateway.retries.delay(before: tries - 1, random: Double.random(in: 0...1, using: &loop.random))
    after(nanoseconds: delay) { $0.connect() }
  }
}

extension TimeAmount {
  /// A time in seconds, which may have a fraction.
  fileprivate static func seconds(_ seconds: Double) -> TimeAmount { .nanoseconds(Int64(seconds * 1_000_000_000)) }
}
