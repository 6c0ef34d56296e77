import NIOCore

/// The deadlines of one event loop's connections, which share a timer. Each is there by its step of time, so that one
/// is set and given up in the same time, however many there are. (The loop's own timers are searched for one that is
/// cancelled.)
///
/// A deadline comes up to a step late, and never early. When many come at once, calls are served in between.
final class DeadlineWheel {
  /// The place of a deadline: its step, and the index among those of the step.
  struct Place {
    let step: Int64
    var index: Int
  }

  /// Nanoseconds.
  private static let step: Int64 = 5_000_000
  /// Later deadlines are looked at when the wheel has come round.
  private static let count: Int64 = 2048
  /// Deadlines that pass in one turn of the loop.
  private static let mostAtOnce = 32
  private static let pause = TimeAmount.milliseconds(1)

  private static let all = LoopLocal { DeadlineWheel($0) }

  private let eventLoop: any EventLoop
  private var slots = [[LazyDeadline]](repeating: [], count: Int(count))
  private var size = 0
  /// The last step whose deadlines were looked at.
  private var handled: Int64 = 0
  /// The moment of the earliest timer.
  private var timer: NIODeadline?

  private init(_ eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
  }

  /// That of an event loop, on which this is called.
  static func of(_ eventLoop: any EventLoop) -> DeadlineWheel { all.value(of: eventLoop) }

  /// Whether a deadline in this place is looked at by then.
  static func covers(_ place: Place, _ time: NIODeadline) -> Bool { place.step <= ceiling(time) }

  func insert(_ deadline: LazyDeadline, at time: NIODeadline) {
    if size == 0 { handled = Self.floor(eventLoop.now) }
    let step = min(max(Self.ceiling(time), handled + 1), handled + Self.count)
    deadline.place = Place(step: step, index: slots[Self.slot(step)].count)
    slots[Self.slot(step)].append(deadline)
    size += 1
    wake(at: NIODeadline.uptimeNanoseconds(UInt64(step * Self.step)))
  }

  func remove(_ deadline: LazyDeadline) {
    guard let place = deadline.place, let last = slots[Self.slot(place.step)].popLast() else { return }
    deadline.place = nil
    size -= 1
    guard last !== deadline else { return }
    slots[Self.slot(place.step)][place.index] = last
    last.place?.index = place.index
  }

  private func wake(at time: NIODeadline) {
    if let timer, timer <= time { return }
    timer = time
    let wheel = NIOLoopBound(self, eventLoop: eventLoop)
    eventLoop.scheduleTask(deadline: time) { wheel.value.turn() }
  }

  private func turn() {
    let now = eventLoop.now
    // Another timer, which was set later, is due earlier.
    guard let timer, timer <= now else { return }
    self.timer = nil
    guard look(now, until: min(Self.floor(now), handled + Self.count)) else { return wake(at: now + Self.pause) }
    guard size > 0 else { return }
    var next = handled + 1
    while slots[Self.slot(next)].isEmpty { next += 1 }
    wake(at: NIODeadline.uptimeNanoseconds(UInt64(next * Self.step)))
  }

  /// Looks at the deadlines of all steps up to one.
  ///
  /// - Returns: `false` when so many have passed that others have to wait.
  private func look(_ now: NIODeadline, until last: Int64) -> Bool {
    var left = Self.mostAtOnce
    while handled < last {
      while let deadline = slots[Self.slot(handled + 1)].last {
        guard left > 0 else { return false }
        slots[Self.slot(handled + 1)].removeLast()
        deadline.place = nil
        if deadline.comesUp(now) { left -= 1 }
        // Only now: the wheel must not begin anew when the last one is set again.
        size -= 1
      }
      handled += 1
    }
    return true
  }

  private static func slot(_ step: Int64) -> Int { Int(step % count) }

  private static func floor(_ time: NIODeadline) -> Int64 { Int64(time.uptimeNanoseconds) / step }

  private static func ceiling(_ time: NIODeadline) -> Int64 { (Int64(time.uptimeNanoseconds) + step - 1) / step }
}
