/// Sends calls to other processes and reads their answers.
package struct PeerLink: Sendable {
  private let endpoint: PeerEndpoint
  private let path: String
  private let client = PeerClient()

  /// The link of an end.
  ///
  /// - Parameter path: that of the other processes' ports which takes calls.
  package init(_ endpoint: PeerEndpoint, path: String) {
    (self.endpoint, self.path) = (endpoint, path)
  }

  /// Sends a call, and waits for its answer until the task is cancelled.
  ///
  /// - Parameter largestAnswer: bytes of the largest content of an answer.
  /// - Throws: `PeerFailure`. Unless it says that nothing was sent, the other process may have acted.
  package func send(
    _ message: PeerMessage, to receiver: PeerName, at port: PeerPort, largestAnswer: Int
  ) async throws(PeerFailure) -> PeerMessage {
    let call: PeerEndpoint.Sent
    do {
      call = try await endpoint.call(receiver, message.bytes)
    } catch {
      throw PeerFailure(isUnsent: true, description: "the call can't be encrypted: \(error)")
    }
    let answer = try await client.send(
      .post(path, call.message), to: port, largestAnswer: largestAnswer + PeerEnvelope.overhead)
    guard answer.status == 200 else {
      throw PeerFailure(
        isUnsent: false, description: "\(port) answered with status \(answer.status), and not as a task of this volume")
    }
    do {
      let content = try await endpoint.answer(answer.body, to: call)
      guard let message = PeerMessage(content) else { throw PeerRefusal.malformed }
      return message
    } catch {
      throw PeerFailure(isUnsent: false, description: "the answer of \(port) is refused: \(error)")
    }
  }
}
