import NIOCore

/// Requests that don't come through the decoder, in the eyes of the limits and of a clean stop.
extension ConnectionGuard {
  enum DirectStart {
    case taken
    /// The gateway takes no more requests: the usual way tells the client.
    case notTaken
    /// The connection is gone, or is being closed for another one.
    case closing
  }

  /// Whether every request that came is answered, and another one may begin.
  var isAtRest: Bool { state.isAtRest }

  /// A request begins.
  func beginDirect(hasBody: Bool, closes: Bool) -> DirectStart {
    guard !isReleased else { return .closing }
    guard slot.beginCall() else { return .notTaken }
    state.takeRequest(hasBody: hasBody, endingAfter: closes ? .afterAllAnswers : nil)
    guard settle() else {
      slot.endCall()
      state.giveUpRequest()
      return .closing
    }
    calls.append(Call(counts: true, head: nil))
    return .taken
  }

  /// Bytes of requests wait that were sent ahead.
  ///
  /// - Returns: `false` when other requests hold all the memory.
  func hold(_ count: Int) -> Bool {
    guard let heads, count != held else { return true }
    held = count
    return heads.meter.hold(count)
  }

  /// The request is complete.
  func endDirectRequest() {
    if let context { act(state.endRequest(), context) }
    _ = settle()
  }

  /// - Returns: whether the answer has to say `Connection: close`.
  func beginDirectAnswer(saysClose: Bool) -> Bool { beginAnswer(saysClose: saysClose) }

  /// The answer is written to its end.
  func endDirectAnswer() { state.writeEnd() }

  /// The client's kernel has the answer, or the connection is gone.
  func directAnswerIsOut() {
    if let context { answered(context) }
  }
}
