import Peers

/// The hellos of a standby: one each second, and one after the other while limits move and each hello brings that
/// forward.
struct Greetings: Sendable {
  /// The pause in general.
  var usual = Duration.seconds(1)
  /// The pause after a hello that brought a transfer no further.
  static let retry = Duration.milliseconds(100)

  private let nudge = Nudge()

  /// Ends the present pause.
  func ring() { nudge.ring() }

  /// Says hello until the task is cancelled.
  func run(_ exchange: any PeerExchange, hello: () async -> Void) async {
    var before = 0
    while !Task.isCancelled {
      let left = exchange.messagesLeft
      let pause = pause(left: left, before: before)
      if pause > .zero { await nudge.wait(atMost: pause) }
      before = left
      await hello()
    }
  }

  /// The pause before the next hello.
  ///
  /// - Parameters:
  ///   - left: the number of messages that the transfer under way still needs.
  ///   - before: the same number before the last hello.
  func pause(left: Int, before: Int) -> Duration {
    guard left > 0 else { return usual }
    return left == before ? Self.retry : .zero
  }
}
