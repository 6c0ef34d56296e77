import Clocks
import Glibc

/// Lets one thread wait for another, with a deadline: a pipe that becomes readable and stays so.
///
/// A pipe and not a condition variable, so that a wait can be for a signal, an HTTP answer and a deadline at once. A
/// class, since it owns descriptors.
final class Wakeup: Sendable {
  /// Readable once someone has rung.
  let descriptor: Int32
  private let end: Int32

  init() {
    var pipes: [Int32] = [-1, -1]
    // Without descriptors nothing is heard, and every wait lasts until its deadline.
    _ = pipe(&pipes)
    for pipe in pipes {
      _ = fcntl(pipe, F_SETFD, FD_CLOEXEC)
      _ = fcntl(pipe, F_SETFL, O_NONBLOCK)
    }
    (descriptor, end) = (pipes[0], pipes[1])
  }

  deinit {
    close(descriptor)
    close(end)
  }

  func ring() {
    var byte: UInt8 = 1
    _ = write(end, &byte, 1)
  }

  /// - Returns: whether someone rang before the deadline.
  @discardableResult
  func wait(until deadline: Deadline) -> Bool {
    var question = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while true {
      let count = poll(&question, 1, deadline.pollTimeout)
      if count > 0 { return true }
      if count == 0, deadline.isOver { return false }
      if count < 0, errno != EINTR { return false }
    }
  }

  /// Takes back what was rung.
  func clear() {
    var bytes = [UInt8](repeating: 0, count: 64)
    while read(descriptor, &bytes, bytes.count) > 0 {}
  }
}
