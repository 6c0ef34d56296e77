import Clocks
import HTTPAPI
import HTTPTypes
import Hummingbird
import JSON
import Listener
import Logging
import Model
import NIOCore

/// Changes while another task may be the one that writes: this task hands them on, or waits for a task that takes them.
extension PlatformResponder {
  /// The path of messages between tasks. It is no route of the API.
  package static let messagePath = "/platform/peers/call"
  /// The pause between two attempts.
  private static let look = Duration.milliseconds(20)

  /// Answers a request that only the task that writes can answer.
  ///
  /// - Parameter judge: the state by which the client's address was allowed.
  func change(
    _ routed: Routed, _ peers: any WriterPort, judgedBy judge: ModelVersion
  ) async throws -> PlatformAnswer {
    try await withTaskExecutorPreference(globalConcurrentExecutor) {
      let incoming = routed.incoming
      _ = try await session(routed, peers)
      if incoming.isFromPeer { try requireWriter(routed) }
      let share = RequestMemory.Share(of: platform.requestMemory)
      let content = try await bodies.read(incoming.request, path: incoming.path, for: routed.route, in: share)
      let answer = try await answer(routed, content, peers, judgedBy: judge)
      return withExtendedLifetime(share) { answer }
    }
  }

  /// Makes the request here, or hands it on, as soon as one of both is possible.
  private func answer(
    _ routed: Routed, _ content: [UInt8], _ peers: any WriterPort, judgedBy judge: ModelVersion
  ) async throws -> PlatformAnswer {
    let deadline = Deadline(in: peers.patience)
    var isWaiting = false
    defer { if isWaiting { peers.endWaiting() } }
    while true {
      var refusal: APIError
      do {
        try requireWriter(routed)
        let state = platform.model.version()
        if state !== judge { try state.settings.check(routed.incoming.caller) }
        return PlatformAnswer(try await run(routed, state, session(routed, state), content))
      } catch let error as APIError where error.isForOthers && !routed.incoming.isFromPeer {
        refusal = error
      }
      if !isWaiting {
        guard peers.beginWaiting() else { throw Self.tooMany }
        isWaiting = true
      }
      switch await peers.forward(routed.incoming.forwarded(content)) {
      case .answered(let answer): return PlatformAnswer(Response(answer), isComplete: true)
      case .unknown(let error): throw error
      case .notMade(let reason, let isPassing):
        if !reason.isEmpty { refusal = APIError(503, refusal.code, "Nothing was changed: \(reason)") }
        guard isPassing, !deadline.isOver else { throw refusal }
      }
      try await Task.sleep(for: Self.look)
    }
  }

  private func requireWriter(_ routed: Routed) throws(APIError) {
    if routed.route.changesState { return try platform.writer.permit() }
    // Where no other task can take the request either, its handler says why it fails.
    do throws(APIError) { try platform.writer.requireWriter() } catch { if error.isForOthers { throw error } }
  }

  /// The session by the present state. If there is none, the state may be behind that of the task that writes.
  private func session(_ routed: Routed, _ peers: any WriterPort) async throws -> Session? {
    let first = Result { () throws(APIError) in try session(routed, platform.model.version()) }
    guard case .failure = first, isBehindOthers(routed.incoming) else { return try first.get() }
    await peers.readNewest()
    return try session(routed, platform.model.version())
  }

  /// The state to read from. A client may have seen a newer one at the task that writes, and no crash takes back what
  /// it sees here.
  func newestState(for routed: Routed, _ present: ModelVersion) async -> ModelVersion {
    guard let peers = platform.peers, !routed.route.needsWriter else { return present }
    if routed.route.isOfTask {
      // It is answered at once, unless it is refused by a state that can still be lost.
      do { _ = try session(routed, present) } catch { return await platform.visible(present) }
      return present
    }
    if isBehindOthers(routed.incoming) { return await newestState(peers) }
    // This task may have taken over since that state was read, with further changes.
    let state = await platform.visible(platform.model.version())
    // The lease may have been lost meanwhile, and the change that the read waited for with it.
    return isBehindOthers(routed.incoming) ? await newestState(peers) : state
  }

  private func newestState(_ peers: any WriterPort) async -> ModelVersion {
    await peers.readNewest()
    return await platform.visible(platform.model.version())
  }

  /// Waits until a client may see why its change was refused: that a name is taken, or that a role lacks a permission,
  /// may be the change of another client that can still be lost.
  ///
  /// - Throws: 503 `GTW504` when that takes too long.
  func settle(_ error: any Error, _ routed: Routed) async throws {
    guard let peers = platform.peers, let refusal = APIError(error), refusal.restsOnState else { return }
    let present = platform.model.version()
    let safe = await platform.visible(present)
    guard safe !== present else { return }
    do {
      _ = try session(routed, safe)
    } catch let other where other.code == refusal.code {
      return
    }
    guard await peers.waitLongToShow(present.sequence) else { throw Self.undecided }
  }

  private static let undecided = APIError(
    503, "GTW504",
    "Nothing was changed: the volume does not answer, and does not have a change that the refusal depends on; try again"
  )

  private func isBehindOthers(_ incoming: Incoming) -> Bool {
    !incoming.isFromPeer && !incoming.staysHere && platform.status.standby()?.isForOthers == true
  }

  private static let tooMany = APIError(
    503, "GTW504", "Nothing was changed: too many changes wait for the task that writes; try again in a few seconds")
}

/// Messages of other tasks.
extension PlatformResponder {
  /// Answers a message. Only one that has the key of the dumps gets further than its first bytes.
  func answer(_ incoming: Incoming, _ peers: any WriterPort, _ context: CallContext) async -> Response {
    do {
      let share = RequestMemory.Share(of: platform.requestMemory)
      let message = try await bodies.readMessage(incoming.request, in: share) { beginning throws(APIError) in
        guard peers.expects(beginning) else {
          throw APIError(
            403, "GTW506", "This is no message of another task for this one", headers: [.connection: "close"])
        }
      }
      let answer = try await peers.serve(message) { await serve($0, incoming, context) }
      return withExtendedLifetime(share) {
        Response(
          status: .ok, headers: [.contentType: "application/octet-stream"],
          body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer)))
      }
    } catch {
      return finished(failed(error, incoming), incoming)
    }
  }

  /// Answers a request that another task handed on, as if the client had sent it here.
  private func serve(
    _ forwarded: ForwardedRequest, _ message: Incoming, _ context: CallContext
  ) async -> ServedOutcome {
    let start = SteadyClock.now()
    var context = context
    context.client = forwarded.client
    context.isFromPeer = true
    let incoming = Incoming(
      Request(head: forwarded.head, body: RequestBody(buffer: ByteBuffer(bytes: forwarded.body))), context)
    let response: Response
    do {
      response = finished(try await answer(incoming).response, incoming)
    } catch let error as APIError where error.isForOthers {
      return .notMade(reason: error.message)
    } catch {
      response = finished(failed(error, incoming), incoming)
    }
    log(incoming, response, took: SteadyClock.now() - start)
    let collector = BodyBytes()
    do {
      try await response.body.write(collector)
    } catch {
      platform.logger.error("a request could not be answered", metadata: ["error": "\(error)"])
    }
    return .answered(
      ForwardedAnswer(
        status: response.status.code, fields: response.headers.withoutConnectionFields, body: collector.bytes))
  }
}

/// Takes the body of an answer out of Hummingbird's response.
private final class BodyBytes: ResponseBodyWriter {
  private(set) var bytes: [UInt8] = []

  func write(_ buffer: ByteBuffer) async throws { bytes.append(contentsOf: buffer.readableBytesView) }

  consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

extension Incoming {
  /// The request for another task.
  fileprivate func forwarded(_ content: [UInt8]) -> ForwardedRequest {
    var head = request.head
    head.headerFields = head.headerFields.withoutConnectionFields
    head.headerFields[.requestID] = id
    return ForwardedRequest(head: head, body: content, client: caller.socket)
  }
}

extension Response {
  fileprivate init(_ answer: ForwardedAnswer) {
    self.init(
      status: HTTPResponse.Status(code: answer.status), headers: answer.fields,
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
    if status == .noContent { headers[.contentLength] = nil }
  }
}

extension HTTPFields {
  /// The fields that are not of one connection (RFC 9110, section 7.6.1), and not of the length of the body.
  fileprivate var withoutConnectionFields: HTTPFields {
    let named = self[values: .connection].flatMap { line in
      line.parts(betweenBytes: UInt8(ascii: ",")).map { $0.withoutOuterSpace.asciiLowercased }
    }
    let own: [HTTPField.Name] = [
      .connection, .contentLength, .transferEncoding, .upgrade, .te, .trailer, .expect, .date,
    ]
    return filter { field in
      !own.contains(field.name) && !named.containsBytes(of: field.name.canonicalName)
        && !field.name.canonicalName.hasSameBytes(as: "keep-alive")
    }
  }
}

extension APIError {
  /// Whether a refusal can be due to the change of another client, not to the request itself, a limit or the volume.
  fileprivate var restsOnState: Bool {
    guard status < 500, ![413, 415, 422, 429].contains(status) else { return false }
    guard let code else { return true }
    return [401, 403].contains(status) || !code.hasPrefix("GTW") && !code.hasPrefix("MEM")
  }
}
