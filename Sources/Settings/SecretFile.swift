import Clocks
import Glibc

/// Reads files that hold a secret. Both programs use it, so that one file is the same secret to both.
package enum SecretFile {
  /// Why a file gives no secret: continues `names the file '…', which`.
  package struct Fault: Error, Sendable, Equatable, CustomStringConvertible {
    /// The sentence about the fault.
    package let description: String
    /// Whether nothing is wrong with the file but that it is empty.
    var isOfEmptyFile = false
  }

  /// Bytes.
  package static let maximumSize = 1 << 20
  /// Milliseconds for the writer of a pipe, such as a shell's `<(…)`, to begin and to end.
  private static let patience = 5000

  /// The text of a file without the line ends at its end.
  package static func text(of path: String) throws(Fault) -> String {
    try text(from: try bytes(of: path))
  }

  /// The text of a file's bytes: all of them but the line ends (LF, CR) at their end.
  package static func text(from bytes: [UInt8]) throws(Fault) -> String {
    let utf16: [[UInt8]] = [[0xFF, 0xFE], [0xFE, 0xFF]]
    if utf16.contains(where: bytes.starts(with:)) {
      throw Fault(description: "is UTF-16; save it as UTF-8 without a byte order mark")
    }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      throw Fault(description: "begins with a byte order mark; save it as UTF-8 without one")
    }
    if bytes.contains(0) { throw Fault(description: "holds a NUL byte; save it as UTF-8 text") }
    guard let text = String(validating: LineEnds.cut(bytes[...]), as: UTF8.self) else {
      throw Fault(description: "is not valid UTF-8; save it as UTF-8 text")
    }
    if text.isEmpty { throw Fault(description: "is empty; write the secret into it", isOfEmptyFile: true) }
    return text
  }

  private static func bytes(of path: String) throws(Fault) -> [UInt8] {
    // Without O_NONBLOCK, opening a pipe waits for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else {
      throw Fault(
        description: "can't be opened (\(reason(errno))); check that it exists and that this user may read it")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Fault(description: "can't be read (\(reason(errno)))") }
    switch status.st_mode & S_IFMT {
    case S_IFREG, S_IFIFO: break
    case S_IFDIR: throw Fault(description: "is a directory; name the file in it")
    default: throw Fault(description: "is a device or a socket; name a file")
    }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    let end = Deadline(in: .milliseconds(patience))
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count == 0 { return bytes }
      if count > 0 {
        guard bytes.count + count <= maximumSize else {
          throw Fault(description: "is larger than \(maximumSize) bytes, so it is no secret; check the path")
        }
        bytes += buffer[..<count]
      } else if errno == EAGAIN {
        guard !end.isOver else {
          throw Fault(description: "is a pipe that nobody has written to its end in 5 seconds; use a file")
        }
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        poll(&request, 1, 100)
      } else if errno != EINTR {
        throw Fault(description: "can't be read (\(reason(errno)))")
      }
    }
  }

  private static func reason(_ code: Int32) -> String {
    strerror(code).map { String(cString: $0) } ?? "error \(code)"
  }
}

/// Line ends as bytes: in Swift CR LF is one `Character`, and neither CR nor LF.
enum LineEnds {
  static func cut<Bytes: BidirectionalCollection<UInt8>>(_ bytes: Bytes) -> Bytes.SubSequence {
    var end = bytes.endIndex
    while end > bytes.startIndex {
      let last = bytes.index(before: end)
      guard bytes[last] == UInt8(ascii: "\n") || bytes[last] == UInt8(ascii: "\r") else { break }
      end = last
    }
    return bytes[..<end]
  }
}
