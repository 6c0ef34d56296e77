import DocumentStore
import HTTPAPI
import JSON
import Logging
import Peers
import Persistence
import Platform

/// The part of the task that writes: it answers the messages of tasks on standby.
extension TaskLink {
  func expects(_ beginning: [UInt8]) -> Bool { endpoint.expects(beginning) }

  func serve(
    _ message: [UInt8], _ run: @Sendable (ForwardedRequest) async -> ServedOutcome
  ) async throws(APIError) -> [UInt8] {
    let call: PeerEndpoint.Taken
    do {
      call = try await endpoint.take(message)
    } catch {
      counters.count(.rejected)
      if reports.isNewRefusal("\(error)") {
        parts.logger.warning("a message of another task is refused", metadata: ["error": "\(error)"])
      }
      throw APIError(403, "GTW506", "The message is refused: \(error)")
    }
    let answer = await answer(call, run)
    do {
      return try await endpoint.answer(call, answer.bytes)
    } catch {
      parts.logger.error("the answer to another task can't be encrypted", metadata: ["error": "\(error)"])
      throw APIError(500, "GTW999", "The answer can't be encrypted; the gateway's log says why")
    }
  }

  private func answer(
    _ call: PeerEndpoint.Taken, _ run: @Sendable (ForwardedRequest) async -> ServedOutcome
  ) async -> PeerMessage {
    guard let message = PeerMessage(call.content) else { return Self.refused("this version does not know the message") }
    if message.kind == .hello {
      guard parts.lease.epoch != nil else { return Self.refused("this task does not write") }
      standbys.note(call.sender, lag: message.fields["lag_ms"]?.number?.int.map { .milliseconds($0) })
      return PeerMessage(.done, body: parts.exchange.answer(message.body, from: call.sender.description))
    }
    if message.kind == .place {
      guard parts.lease.epoch != nil else { return Self.refused("this task does not write") }
      return await placed()
    }
    guard let request = message.request else { return Self.refused("this version does not know the message") }
    switch await run(request) {
    case .notMade(let reason): return Self.refused(reason)
    case .answered(let answer):
      counters.count(.served)
      return await answered(answer)
    }
  }

  /// The answer, with the place at which its changes are.
  private func answered(_ answer: ForwardedAnswer) async -> PeerMessage {
    do {
      if !parts.journal.acknowledgesLater {
        // The change is acknowledged before the volume has it, and another task reads it there.
        try await parts.journal.settleNow(parts.store.snapshot().sequence)
      }
      return PeerMessage(answer, parts.journal.place.map(ReadPlace.init))
    } catch {
      parts.logger.notice("a change of another task is not on the volume yet", metadata: ["error": "\(error)"])
      return PeerMessage(answer, nil, isUnread: true)
    }
  }

  /// The place at which all changes are that this task has shown to its clients.
  private func placed() async -> PeerMessage {
    do {
      try await parts.journal.settleShown(in: parts.store.snapshot().sequence)
      return PeerMessage(parts.journal.place.map(ReadPlace.init))
    } catch {
      return Self.refused("the newest changes are not on the volume yet: \(error)")
    }
  }

  private static func refused(_ reason: String) -> PeerMessage { PeerMessage(.refused, ["reason": .string(reason)]) }
}
