import Clocks
import Logging
import Synchronization
import Threads

/// Keeps the keys of the volume as their files are, from a thread of its own: their volume can hang.
final class KeyWatch: Sendable {
  /// The time between two looks at the files.
  private static let interval = Duration.seconds(3)

  private let volume: DumpVolume
  private let logger: Logger
  private let wakeup = Wakeup()
  private let isAsked = Mutex(false)

  init(_ volume: DumpVolume, logger: Logger) {
    self.volume = volume
    self.logger = logger
  }

  /// Asks for the files to be read.
  func ask() {
    isAsked.withLock { $0 = true }
    wakeup.ring()
  }

  /// Starts the thread.
  func start() {
    volume.keys.report(to: logger)
    do throws(ThreadError) {
      try SystemThread.start { [self] in
        while true {
          wakeup.take(until: Deadline(in: Self.interval))
          let isAsked = isAsked.withLock { isAsked in
            defer { isAsked = false }
            return isAsked
          }
          if volume.keys.look(isAsked: isAsked) { volume.renewCache() }
        }
      }
    } catch {
      logger.error(
        "the encryption keys are not read again when their files change; raise the limit of threads, and start again",
        metadata: ["error": "\(error)"])
    }
  }
}
