package import NIOCore

/// A deadline that moves with nearly each request: one timer of the event loop, which is set anew only when it fires
/// too early or stands too late.
package final class LazyDeadline {
  private let eventLoop: any EventLoop
  private let action: () -> Void
  private var deadline: NIODeadline?
  private var timer: (at: NIODeadline, task: Scheduled<Void>)?

  /// - Parameter action: what is done when the deadline has come, on the event loop.
  package init(on eventLoop: any EventLoop, _ action: @escaping () -> Void) {
    self.eventLoop = eventLoop
    self.action = action
  }

  /// Sets the deadline anew.
  ///
  /// - Parameter now: the time, where the caller knows it.
  package func set(in time: TimeAmount, now: NIODeadline? = nil) {
    let end = (now ?? eventLoop.now) + time
    deadline = end
    if let timer {
      guard timer.at > end else { return }
      timer.task.cancel()
    }
    start(end)
  }

  /// There is no deadline now.
  package func clear() { deadline = nil }

  /// Ends the timer, too.
  package func cancel() {
    deadline = nil
    timer?.task.cancel()
    timer = nil
  }

  private func start(_ end: NIODeadline) {
    let this = NIOLoopBound(self, eventLoop: eventLoop)
    timer = (end, eventLoop.scheduleTask(deadline: end) { this.value.fire() })
  }

  private func fire() {
    timer = nil
    guard let deadline else { return }
    if deadline > eventLoop.now { return start(deadline) }
    self.deadline = nil
    action()
  }
}
