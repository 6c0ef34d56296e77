package import Clocks
import Glibc
package import Logging
import Synchronization

/// Where log lines go: one `write` a line, so that lines of different threads don't mix.
package final class LogOutput: Sendable {
  private let descriptor: Int32
  private let format: LogFormat
  private let clock: WallClock
  private let turn = Mutex(())

  /// - Parameter descriptor: standard output, unless a test looks.
  package init(_ format: LogFormat, descriptor: Int32 = STDOUT_FILENO, clock: WallClock = .system) {
    self.descriptor = descriptor
    self.format = format
    self.clock = clock
  }

  package func logger(label: String, level: LogLevel) -> Logger {
    var logger = Logger(label: label) { _ in LineLogHandler(output: self) }
    logger.logLevel = level
    return logger
  }

  func write(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) {
    let now = clock.now()
    // The dump's times have microseconds; a log line's three digits are enough.
    let time = CivilTime(unixSeconds: now.seconds).extended(microseconds: now.microseconds).dropLast(4) + "Z"
    var line = LogLine(time: String(time), level: level, message: message, metadata: metadata).text(format) + "\n"
    turn.withLock { _ in
      line.withUTF8 { bytes in
        var rest = bytes[...]
        while !rest.isEmpty {
          let count = Glibc.write(descriptor, UnsafeBufferPointer(rebasing: rest).baseAddress, rest.count)
          if count < 0 && errno == EINTR { continue }
          // A closed or full standard output must not stop the service.
          guard count > 0 else { return }
          rest = rest.dropFirst(count)
        }
      }
    }
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
    let provided = metadataProvider?.get() ?? [:]
    let all = metadata.merging(provided) { $1 }.merging(event.metadata ?? [:]) { $1 }
    output.write(event.level, event.message.description, all)
  }
}
