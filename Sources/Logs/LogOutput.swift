package import Clocks
import Glibc
package import Logging
import Synchronization

/// An output for log lines: a queue of at most 4 MiB and a thread that writes it, so that no caller waits for the
/// output.
///
/// When the queue is full, lines are dropped, those below a warning first. Once the output accepts bytes again, a line
/// reports how many were dropped. A failed write is repeated; it never ends the process.
package final class LogOutput: Sendable {
  private let format: LogFormat
  private let clock: WallClock
  private let queue: OutputQueue

  /// Creates an output. Its thread starts with the first line.
  ///
  /// - Parameters:
  ///   - descriptor: the file descriptor to write to; standard output, except in tests.
  ///   - capacity: the size of the queue in bytes.
  package init(
    _ format: LogFormat, descriptor: Int32 = STDOUT_FILENO, clock: WallClock = .system, capacity: Int = 4 << 20
  ) {
    self.format = format
    self.clock = clock
    queue = OutputQueue(descriptor, queue: LineQueue(capacity: capacity)) { dropped in
      Self.line(
        .warning, "log lines were dropped, as nobody read the output",
        ["log.dropped": .stringConvertible(dropped)], format, clock)
    }
  }

  /// A logger that writes to this output.
  ///
  /// - Parameters:
  ///   - label: the logger's label.
  ///   - level: the lowest level that is written.
  package func logger(label: String, level: LogLevel) -> Logger {
    var logger = Logger(label: label) { _ in LineLogHandler(output: self) }
    logger.logLevel = level
    return logger
  }

  /// Waits until all lines are written, but no longer than the limit. It does not wait for an output whose writes fail.
  ///
  /// - Returns: whether all lines are written.
  @discardableResult
  package func flush(within limit: Duration) -> Bool { queue.flush(within: limit) }

  func write(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) {
    queue.append(Self.line(level, message, metadata, format, clock), level >= .warning ? .high : .usual)
  }

  private static func line(
    _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata, _ format: LogFormat, _ clock: WallClock
  ) -> [UInt8] {
    let now = clock.now()
    // Times have microseconds; three digits are enough in a log line.
    let time = CivilTime(unixSeconds: now.seconds).extended(microseconds: now.microseconds).dropLast(4) + "Z"
    let line = LogLine(time: String(time), level: level, message: message, metadata: metadata)
    var bytes = line.boundedBytes(format)
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }
}

struct LineLogHandler: LogHandler {
  let output: LogOutput
  var logLevel = Logger.Level.info
  var metadata = Logger.Metadata()
  var metadataProvider: Logger.MetadataProvider?

  init(output: LogOutput) {
    self.output = output
  }

  subscript(metadataKey key: String) -> Logger.MetadataValue? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var all = event.metadata ?? [:]
    if let provided = metadataProvider?.get() { all.merge(provided) { own, _ in own } }
    if !metadata.isEmpty { all.merge(metadata) { own, _ in own } }
    output.write(event.level, event.message.description, all)
  }
}
