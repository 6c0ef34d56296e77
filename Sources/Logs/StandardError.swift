import Glibc

/// Writes messages to standard error that must appear in every case. Like the log, it never makes a caller wait.
package enum StandardError {
  private static let queue = OutputQueue(STDERR_FILENO, notice: droppedNotice)

  /// Adds a text of any length and a newline.
  package static func write(_ text: String) { queue.append(Array((text + "\n").utf8), .high) }

  /// Waits until everything is written, but no longer than the limit. It does not wait for an output whose writes fail.
  package static func flush(within limit: Duration) { queue.flush(within: limit) }
}

/// Writes a command's output to standard output. The command can end in time even if no program reads the output.
package enum StandardOutput {
  private static let queue = OutputQueue(STDOUT_FILENO, notice: droppedNotice)

  /// Adds a text of any length and a newline.
  package static func write(_ text: String) { queue.append(Array((text + "\n").utf8), .high) }

  /// Waits until everything is written, but no longer than the limit. It does not wait for an output whose writes fail.
  package static func flush(within limit: Duration) { queue.flush(within: limit) }
}

private func droppedNotice(_ count: Int) -> [UInt8] {
  Array("\(count) lines were dropped, as nobody read them\n".utf8)
}
