package import NIOCore

/// A deadline of a connection that moves with nearly each request. It has a place in its event loop's wheel, which is
/// changed only when it comes too early or stands too late.
package final class LazyDeadline {
  private let eventLoop: any EventLoop
  private let wheel: DeadlineWheel
  private let action: () -> Void
  private var deadline: NIODeadline?
  /// The wheel's.
  var place: DeadlineWheel.Place?

  /// - Parameter action: what is done when the deadline has come, on the event loop.
  package init(on eventLoop: any EventLoop, _ action: @escaping () -> Void) {
    self.eventLoop = eventLoop
    self.action = action
    wheel = .of(eventLoop)
  }

  /// Sets the deadline anew.
  ///
  /// - Parameter now: the time, where the caller knows it.
  package func set(in time: TimeAmount, now: NIODeadline? = nil) {
    let end = (now ?? eventLoop.now) + time
    deadline = end
    if let place {
      guard !DeadlineWheel.covers(place, end) else { return }
      wheel.remove(self)
    }
    wheel.insert(self, at: end)
  }

  /// There is no deadline now.
  package func clear() { deadline = nil }

  /// Gives up the place, too.
  package func cancel() {
    deadline = nil
    wheel.remove(self)
  }

  /// The wheel has come to the place, and taken it.
  ///
  /// - Returns: whether the deadline has passed.
  func comesUp(_ now: NIODeadline) -> Bool {
    guard let deadline else { return false }
    guard deadline <= now else {
      wheel.insert(self, at: deadline)
      return false
    }
    self.deadline = nil
    action()
    return true
  }
}
