import Glibc
import Threads

/// A pipe for a program's output, which is read only when a test asks for it.
package final class OutputPipe: Sendable {
  /// The end that the program writes to.
  package let input: Int32
  private let output: Int32
  private let read = Lock<[UInt8]>([])
  private let isClosed = Lock(false)

  /// Makes a pipe.
  package init() throws {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw HTTPFailure(description: "pipe: \(String(cString: strerror(errno)))") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    // The flag is set on the reading end only. The program shares the other end.
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    (output, input) = (ends[0], ends[1])
  }

  deinit {
    closeReader()
    close(input)
  }

  /// The output so far. Reading it empties the pipe.
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

  /// Fills the pipe, so that the next write blocks.
  package func fill() {
    let line = [UInt8](repeating: UInt8(ascii: "."), count: 4095) + [UInt8(ascii: "\n")]
    var question = pollfd(fd: input, events: Int16(POLLOUT), revents: 0)
    // The pipe is writable while it has room for a page.
    while poll(&question, 1, 0) > 0, write(input, line, line.count) > 0 {}
  }

  /// Closes the reading end, so that writes fail.
  package func closeReader() {
    let isFirst = isClosed.withLock { isClosed in
      defer { isClosed = true }
      return !isClosed
    }
    if isFirst { close(output) }
  }
}
