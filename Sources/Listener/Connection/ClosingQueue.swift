import NIOCore

/// Closes the connections whose clients have left, some at a time: closing takes the loop longer than the client, and
/// thousands at once would keep calls waiting.
///
/// Each event loop has one.
final class ClosingQueue {
  /// Connections that are closed in one step. More wait for the next ones.
  private static let mostInStep = 16
  private static let step = TimeAmount.milliseconds(1)

  private static let all = LoopLocal { ClosingQueue($0) }

  private let eventLoop: any EventLoop
  private var waiting = CircularBuffer<any Channel>()
  private var closed = 0
  private var stepEnd = NIODeadline.distantPast
  private var hasTimer = false

  private init(_ eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
  }

  /// That of an event loop, on which this is called.
  static func of(_ eventLoop: any EventLoop) -> ClosingQueue { all.value(of: eventLoop) }

  /// Closes a connection now or soon.
  func close(_ channel: any Channel) {
    let now = eventLoop.now
    if now >= stepEnd { (closed, stepEnd) = (0, now + Self.step) }
    guard waiting.isEmpty, closed < Self.mostInStep else {
      waiting.append(channel)
      return setTimer()
    }
    closed += 1
    channel.close(mode: .output, promise: nil)
  }

  private func setTimer() {
    guard !hasTimer else { return }
    hasTimer = true
    let queue = NIOLoopBound(self, eventLoop: eventLoop)
    eventLoop.scheduleTask(in: Self.step) { queue.value.turn() }
  }

  private func turn() {
    hasTimer = false
    for _ in 0..<min(waiting.count, Self.mostInStep) { waiting.removeFirst().close(mode: .output, promise: nil) }
    if !waiting.isEmpty { setTimer() }
  }
}
