import HTTPAPI
import Listener
import Model
import NIOCore
import RateLimiting

/// One call through the gateway, from its head to the end of its answer. It lives on the event loop of its connection.
final class ProxiedCall {
  enum Phase {
    /// Nothing of the answer is written.
    case waiting
    /// The head of the answer is written.
    case answering
    case over
  }

  let head: RequestHead
  let identifier: CallIdentifier
  let started = NIODeadline.now().uptimeNanoseconds
  let client: any CallClient
  var phase = Phase.waiting
  var body = RequestBody()
  /// `nil` until the checks are passed.
  var admission: Admission?
  /// The API whose check the call did not pass.
  private var refusingAPI: APIPlan?
  var connection: UpstreamConnection?
  var wish: ConnectionWish?
  var timer: Scheduled<Void>?
  var server: UpstreamServer?
  /// The trailers of the request that go to the server.
  var trailers: TrailerSection?
  /// The trailers of the answer that go to the client.
  var answerTrailers: TrailerSection?
  /// Compresses the answer's body.
  var gzip: GzipStream?
  var tries = 0
  var hasRetriedStale = false
  /// Whether the client was told to send the body.
  var hasSentContinue = false
  /// When the circuit breaker let the present try begin. Nanoseconds.
  var admitted: UInt64 = 0
  /// When the present try began; `nil` while none goes on. Nanoseconds.
  var tryStart: UInt64?
  /// The time that servers had in the tries before. Nanoseconds.
  var serverTime: UInt64 = 0
  /// Whether something of the request was written to a server, in any try.
  var isSent = false
  var status = 0
  /// Whether the answer began and could not be finished.
  private(set) var isBrokenOff = false
  /// Bytes of the answer, for the user's bandwidth.
  var answerBytes = 0
  private let limit: Int?
  /// The memory of the body.
  private var share: RequestMemory.Share?

  let loop: LoopState

  init(_ head: RequestHead, _ client: any CallClient) {
    self.head = head
    self.client = client
    loop = client.loop
    identifier = CallIdentifier(head.value(.requestID), using: &loop.random)
    limit = loop.gateway.bodyLimit(head)
  }

  var gateway: Gateway { loop.gateway }

  /// The API that the call is for, if it was found.
  var api: APIPlan? { admission?.api ?? refusingAPI }

  // MARK: The client's side

  /// Checks the call, and forwards it.
  ///
  /// - Parameter whole: all of the body, if it came with the head. It is short.
  func start(_ whole: ByteBuffer? = nil) {
    if let whole { body.receive(whole, isConnected: false) }
    // Such a request goes out in one piece.
    if whole != nil || head.contentLength ?? 0 == 0 && !head.isChunked { body.complete() }
    let checks = loop.checks()
    let admission: Admission
    do throws(Refusal) {
      admission = try checks.admit(
        head, socket: client.address, now: LoopState.unixSeconds(), sessions: &loop.sessions)
    } catch {
      refusingAPI = error.api
      return answer(error.failure)
    }
    self.admission = admission
    // The client's time to send the body begins when it is told to.
    if awaitsContinue { client.hold() }
    guard admission.delay > 0 else { return connect() }
    after(nanoseconds: Int64(admission.delay)) { $0.connect() }
  }

  func receive(body bytes: ByteBuffer) {
    guard phase != .over else { return }
    if let limit, body.count + bytes.readableBytes > limit { return refuseBody(.bodyTooLarge) }
    body.receive(bytes, isConnected: connection != nil)
    let hasMemory = takeMemory()
    if let connection {
      write(bytes, to: connection)
      if !connection.isWritable { client.hold() }
    } else if body.isFull || !hasMemory || awaitsContinue {
      client.hold()
    }
  }

  /// Whether the client may wait for `100 Continue` before it sends the body, or the rest of it.
  private var awaitsContinue: Bool { head.expectsContinue && !hasSentContinue && !body.isComplete }

  /// Counts the body's bytes among those that all requests may hold. What is kept only for another try goes first.
  ///
  /// - Returns: whether more may be held.
  private func takeMemory() -> Bool {
    guard share != nil || body.heldBytes > RequestMemory.free else { return true }
    let share = share ?? RequestMemory.Share(of: gateway.memory)
    self.share = share
    if share.resize(to: body.heldBytes) { return true }
    guard connection != nil else { return false }
    body.giveUpKeeping()
    return share.resize(to: body.heldBytes)
  }

  func receiveEnd(_ section: TrailerSection? = nil) {
    guard phase != .over, !body.isComplete else { return }
    guard takeTrailers(section) else { return refuseBody(.largeTrailers) }
    body.complete()
    if let connection { endRequest(on: connection) }
  }

  /// The request's body can't be read to its end.
  func failBody(_ failure: CallFailure) {
    if phase != .over { refuseBody(failure) }
  }

  /// The client sends nothing more.
  func inputClosed() {
    guard body.isComplete else { return refuseBody(.badBody) }
    // A client that is gone looks the same until something is sent to it. Its wait for the throttle may be long, and
    // would keep the connection.
    guard phase == .waiting, tries == 0, timer != nil else { return }
    let client = client
    cancel()
    client.closeClient()
  }

  func clientWritabilityChanged(_ isWritable: Bool) {
    guard phase == .answering else { return }
    if isWritable { connection?.resume() } else { connection?.pause() }
  }

  /// Sends the part of the request that came.
  func flushRequest() {
    guard phase != .over, let connection, !body.isComplete else { return }
    connection.flush()
  }

  /// The client is gone.
  func cancel() {
    guard phase != .over else { return }
    end(status: status == 0 ? 499 : status)
  }

  private func refuseBody(_ failure: CallFailure) {
    guard phase == .waiting else { return breakOff() }
    // The rest of the body is not read.
    answer(failure.closing)
  }

  // MARK: Answers

  /// Answers in the place of a server.
  func answer(_ failure: CallFailure) {
    guard phase == .waiting else { return breakOff() }
    if let code = failure.code { gateway.metrics.refuse(code) }
    if !body.isComplete { client.leaveBody() }
    let isLast = failure.closes || leavesBody
    let closes = client.beginAnswer(saysClose: isLast) || isLast
    let buffer = client.headBytes()
    let bytes = AnswerHead(call: answeredCall, api: api).write(
      failure, to: head, closes: closes, envelope: gateway.configuration.envelope, date: loop.dateText(), into: buffer)
    client.write(head: buffer, .plain)
    if !bytes.isEmpty {
      answerBytes = bytes.count
      client.write(body: ByteBuffer(bytes: bytes))
    }
    let client = client
    // A server's answer that is not passed on may end, and then the connection serves the next call.
    connection?.drain()
    connection = nil
    end(status: failure.status)
    client.endAnswer()
  }

  /// Whether the connection can't go on after an answer before the end of the request's body. A client that waits for
  /// `100 Continue` may leave the body out, and a long one is not worth to be read.
  private var leavesBody: Bool {
    guard !body.isComplete else { return false }
    return head.expectsContinue && body.count == 0 || (head.contentLength ?? 0) - body.count > UnusedBody.longest
  }

  /// The facts of the call that its answer shows.
  var answeredCall: AnswerHead.Call {
    AnswerHead.Call(
      identifier: identifier, origin: head.value(.origin), isHead: head.method == .head,
      minorVersion: head.minorVersion)
  }

  /// The answer can't be finished. The client sees that by the end of the connection.
  func breakOff() {
    guard phase != .over else { return }
    isBrokenOff = true
    let client = client
    end(status: status)
    client.closeClient()
  }

  /// The call is over: nothing that comes later concerns it.
  func end(status: Int) {
    let now = NIODeadline.now().uptimeNanoseconds
    if phase == .waiting { noteGatewayTime(now: now) }
    phase = .over
    self.status = status
    timer?.cancel()
    wish?.cancel()
    (timer, wish) = (nil, nil)
    connection?.abandon()
    (connection, share) = (nil, nil)
    account()
    (admission?.endpoint.counters ?? gateway.metrics.unmatched).add(status)
    let duration = now - started
    loop.metrics.wholeTime.add(duration)
    if isLogged { log(duration) }
    client.finished(self)
  }

  /// Adds the call to the user's bandwidth. Refused calls cost nothing.
  private func account() {
    guard let admission, let user = admission.user, let limit = user.limits.bandwidth, isSent else { return }
    user.counters.bandwidth.add(
      head.size + body.count + answerBytes, window: limit.window, now: loop.secondsOfLimits())
  }

  func after(nanoseconds: Int64, _ action: @escaping (ProxiedCall) -> Void) {
    let bound = NIOLoopBound((self, action), eventLoop: loop.eventLoop)
    timer = loop.eventLoop.scheduleTask(in: .nanoseconds(nanoseconds)) {
      let (call, action) = bound.value
      call.timer = nil
      if call.phase == .waiting { action(call) }
    }
  }
}
