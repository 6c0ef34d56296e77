import Logging
import Threads

/// The saves of what users have used of their limits: only of what changed, and with one line for trouble that stays.
///
/// A save of a million users takes some seconds on a volume that is in order. So it may take its time, and is reported
/// only when it takes far longer. A stop can't wait for that.
actor LimitSaves {
  private let thread: Worker
  private let silence: Duration
  private let logger: Logger
  private let content: @Sendable () -> [UInt8]
  private let write: @Sendable ([UInt8]) throws -> Void
  /// The hash of what was saved last, at first of nothing; `nil` when it is unknown.
  private var saved: Int?
  /// The trouble that was logged last, until a save succeeds.
  private var trouble: String?

  /// - Parameters:
  ///   - thread: hangs with the volume.
  ///   - silence: the time after which a save that is under way is reported. No volume that answers takes so long for
  ///     the largest file.
  ///   - content: counts and packs, which takes most of the time.
  init(
    on thread: Worker, silence: Duration = .seconds(60), logger: Logger, content: @escaping @Sendable () -> [UInt8],
    write: @escaping @Sendable ([UInt8]) throws -> Void
  ) {
    self.thread = thread
    self.silence = silence
    self.logger = logger
    self.content = content
    self.write = write
    saved = content().hashValue
  }

  /// Saves what was counted since the last save, and returns when that is done. It may take as long as the volume
  /// hangs.
  func save() async {
    let report = Task {
      try await Task.sleep(for: silence)
      // The save may have ended while this task waited for its turn.
      try Task.checkCancellation()
      note("a save has been under way for \(silence.components.seconds) seconds")
    }
    defer { report.cancel() }
    do {
      succeed(try await thread.perform(work()))
    } catch {
      fail(error)
    }
  }

  /// Saves what was counted since the last save, and waits no longer than a limit. The save goes on after that, as long
  /// as the process lives.
  func save(within limit: Duration) async {
    do {
      succeed(try await thread.perform(within: limit, work()))
    } catch is Worker.Late {
      saved = nil
      logger.warning(
        "the use of limits can't be saved in time: the task that starts next may begin with what was saved before")
    } catch {
      fail(error)
    }
  }

  private func work() -> @Sendable () throws -> Int {
    let (content, write, before) = (content, write, saved)
    return {
      let bytes = content()
      let hash = bytes.hashValue
      if hash != before { try write(bytes) }
      return hash
    }
  }

  private func succeed(_ hash: Int) {
    saved = hash
    if trouble != nil { logger.notice("the use of limits can be saved again") }
    trouble = nil
  }

  private func fail(_ error: any Error) {
    // The file may have either content.
    saved = nil
    note("\(error)")
  }

  private func note(_ text: String) {
    guard trouble != text else { return }
    trouble = text
    logger.warning(
      "the use of limits can't be saved: if this task ends now, what was used since the last save is forgotten. Check the volume",
      metadata: ["error": "\(text)"])
  }
}
