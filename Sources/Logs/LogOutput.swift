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
  private let lastSecond = Mutex<(seconds: Int, text: String)?>(nil)

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
        ["log.dropped": .stringConvertible(dropped)], format, at: Self.text(clock.now()))
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
    let line = Self.line(level, message, metadata, format, at: time())
    queue.append(line, level >= .warning ? .high : .usual)
  }

  func write(_ record: AccessRecord, _ level: Logger.Level) {
    let time = time()
    var line = record.bytes(at: time, level, format) ?? record.line(at: time, level).boundedBytes(format)
    line.append(UInt8(ascii: "\n"))
    queue.append(line, level >= .warning ? .high : .usual, mayWait: true)
  }

  /// The present time for a line. Its text is the same for all lines of a second, up to the milliseconds.
  private func time() -> String {
    let now = clock.now()
    let second = lastSecond.withLock { last in
      if last?.seconds != now.seconds {
        last = (now.seconds, String(CivilTime(unixSeconds: now.seconds).extended.dropLast()))
      }
      return last?.text
    }
    guard let second else { return Self.text(now) }
    let digits = String(1000 + now.microseconds / 1000).dropFirst()
    return "\(second).\(digits)Z"
  }

  /// A time with milliseconds. The clock has microseconds; three digits are enough in a log line.
  private static func text(_ now: WallClock.Moment) -> String {
    CivilTime(unixSeconds: now.seconds).extended(microseconds: now.microseconds).dropLast(4) + "Z"
  }

  private static func line(
    _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata, _ format: LogFormat, at time: String
  ) -> [UInt8] {
    var bytes = LogLine(time: time, level: level, message: message, metadata: metadata).boundedBytes(format)
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
