import Glibc
import Synchronization

/// The output of a program as a pipe, which is read when a test says so, and not otherwise.
package final class OutputPipe: Sendable {
  /// Where the program writes.
  package let input: Int32
  private let output: Int32
  private let read = Mutex<[UInt8]>([])
  private let isClosed = Mutex(false)

  package init() throws {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw HTTPFailure(description: "pipe: \(String(cString: strerror(errno)))") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    // Of the reading end alone: the flag belongs to an end of a pipe, and the program shares the other one.
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    (output, input) = (ends[0], ends[1])
  }

  deinit {
    closeReader()
    close(input)
  }

  /// All that came so far; takes what the pipe holds out of it.
  package var text: String {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    return read.withLock { bytes in
      while true {
        let count = Glibc.read(output, &buffer, buffer.count)
        guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
        bytes += buffer[..<count]
      }
    }
  }

  /// Fills it, so that the next write waits.
  package func fill() {
    let line = [UInt8](repeating: UInt8(ascii: "."), count: 4095) + [UInt8(ascii: "\n")]
    var question = pollfd(fd: input, events: Int16(POLLOUT), revents: 0)
    // It can be written while it has room for a page.
    while poll(&question, 1, 0) > 0, write(input, line, line.count) > 0 {}
  }

  /// Nobody reads it any more: writes fail.
  package func closeReader() {
    let isFirst = isClosed.withLock { isClosed in
      defer { isClosed = true }
      return !isClosed
    }
    if isFirst { close(output) }
  }
}
