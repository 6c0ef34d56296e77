import Glibc

/// What must be said whatever became of everything else. Like the log it keeps nobody waiting.
package enum StandardError {
  private static let queue = OutputQueue(STDERR_FILENO, notice: droppedNotice)

  /// Takes a text, of any length; the line's end is added.
  package static func write(_ text: String) { queue.append(Array((text + "\n").utf8), .high) }

  /// Waits until all of it is written, but no longer than the limit, nor for an output whose writes fail.
  package static func flush(within limit: Duration) { queue.flush(within: limit) }
}

/// The answer of a command that must end in time, whether anybody reads it or not.
package enum StandardOutput {
  private static let queue = OutputQueue(STDOUT_FILENO, notice: droppedNotice)

  /// Takes a text, of any length; the line's end is added.
  package static func write(_ text: String) { queue.append(Array((text + "\n").utf8), .high) }

  /// Waits until all of it is written, but no longer than the limit, nor for an output whose writes fail.
  package static func flush(within limit: Duration) { queue.flush(within: limit) }
}

private func droppedNotice(_ count: Int) -> [UInt8] {
  Array("\(count) lines were dropped, as nobody read them\n".utf8)
}
