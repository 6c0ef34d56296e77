import Foundation
import Glibc
import TortureModel

/// Follows the log of a process.
struct LogTail {
  private let path: String
  private let origin: Double
  private let skew: Double
  private var offset = 0
  private var rest: [UInt8] = []

  /// - Parameters:
  ///   - origin: the Unix time of the start of the round.
  ///   - skew: the seconds by which the clock of the process is ahead.
  init(_ log: URL, origin: Double, skew: Double) {
    path = log.path()
    self.origin = origin
    self.skew = skew
  }

  /// The events logged since the last call.
  mutating func events() -> [LogEvent] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = pread(descriptor, &buffer, buffer.count, offset)
      guard count > 0 else { break }
      offset += count
      rest += buffer[..<count]
    }
    var events: [LogEvent] = []
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let line = String(decoding: rest[..<end], as: UTF8.self)
      rest.removeSubrange(...end)
      if let event = LogEvent(line: line, origin: origin, skew: skew) { events.append(event) }
    }
    return events
  }
}
