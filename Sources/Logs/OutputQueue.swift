import Clocks
import Glibc
import Synchronization
import Threads

/// Writes to a descriptor on a thread of its own, so that no caller ever waits for it. The reader of a pipe, or the
/// owner of a terminal, can stop reading at any time and for any length of time.
final class OutputQueue: Sendable {
  private struct State {
    var queue: LineQueue
    var hasThread = false
    /// The bytes that are being written, and how many of them are out.
    var chunk: [UInt8] = []
    var written = 0
    /// Whether the last write failed. Callers that wait for the output then stop waiting.
    var isFailing = false

    var isDrained: Bool { queue.isEmpty && chunk.isEmpty }
  }

  private let descriptor: Int32
  private let state: Mutex<State>
  private let notice: @Sendable (_ dropped: Int) -> [UInt8]
  /// Signalled when there is something to write.
  private let work = Wakeup()
  /// Signalled when the thread should write at once: not wait for more lines, or not pause after a failed write.
  private let hurry = Wakeup()
  /// Signalled while nothing waits, or while waiting is pointless.
  private let settled = Wakeup()

  /// The pauses before a failed write is repeated. The first pause doubles each time, up to the longest.
  private static let pauses = (first: Duration.milliseconds(100), longest: Duration.seconds(5))

  /// The time for which the thread waits for more lines after a first one that may wait. Any other line and a flush
  /// end it.
  private static let gathering = Duration.milliseconds(5)

  /// Creates a queue; its thread starts with the first line.
  ///
  /// - Parameter notice: makes the line that reports a number of dropped lines.
  init(_ descriptor: Int32, queue: LineQueue = LineQueue(), notice: @escaping @Sendable (Int) -> [UInt8]) {
    self.descriptor = descriptor
    state = Mutex(State(queue: queue))
    self.notice = notice
  }

  /// Adds a line that ends in a newline, and returns at once.
  ///
  /// - Parameter mayWait: whether the line may wait for more lines, for some milliseconds.
  func append(_ line: [UInt8], _ importance: LineQueue.Importance, mayWait: Bool = false) {
    let isFirst = state.withLock { state in
      let isFirst = state.isDrained
      state.queue.append(line, importance)
      startThread(&state)
      if isFirst, !state.isFailing { settled.clear() }
      return isFirst
    }
    // The thread takes all lines that wait before it sleeps again, so only the first one wakes it.
    if isFirst { work.ring() }
    if !mayWait { hurry.ring() }
  }

  /// Waits until everything is written, but no longer than the limit. It does not wait for an output whose writes fail.
  ///
  /// - Returns: whether everything is written.
  @discardableResult
  func flush(within limit: Duration) -> Bool {
    let deadline = Deadline(in: limit)
    let (isDrained, hasThread) = state.withLock { state in
      guard !state.isDrained else { return (true, true) }
      // Try once more, even if the last write failed.
      state.isFailing = false
      settled.clear()
      startThread(&state)
      return (false, state.hasThread)
    }
    guard !isDrained else { return true }
    work.ring()
    hurry.ring()
    if hasThread {
      settled.wait(until: deadline)
    } else {
      writeHere(until: deadline)
    }
    return state.withLock { $0.isDrained }
  }

  /// Starts the thread. If that fails, lines wait, and the next line tries again.
  private func startThread(_ state: inout State) {
    guard !state.hasThread else { return }
    state.hasThread = (try? SystemThread.start { [self] in run() }) != nil
  }

  private func run() {
    var pause = Self.pauses.first
    while true {
      switch writeNext() {
      case .wrote: pause = Self.pauses.first
      case .nothing:
        work.take(until: .never)
        // Without this pause, a busy gateway would wake the thread for each line.
        hurry.take(until: Deadline(in: Self.gathering))
      case .full: waitForRoom(Deadline(in: Self.pauses.longest))
      case .failed:
        hurry.take(until: Deadline(in: pause))
        pause = min(Self.pauses.longest, pause * 2)
      }
    }
  }

  /// Writes on the caller's thread, if the process can't start another one.
  private func writeHere(until deadline: Deadline) {
    while !deadline.isOver {
      waitForRoom(deadline)
      guard !deadline.isOver else { return }
      switch writeNext() {
      case .wrote, .full: continue
      case .nothing, .failed: return
      }
    }
  }

  private enum Step {
    case wrote, nothing
    /// The descriptor does not block, and accepts no more bytes now.
    case full
    case failed
  }

  /// Writes once, without holding the lock. It blocks for as long as the output does.
  private func writeNext() -> Step {
    let (chunk, written) = state.withLock { state in
      if state.chunk.isEmpty {
        state.chunk = state.queue.next() ?? []
        state.written = 0
        if state.chunk.isEmpty { settled.ring() }
      }
      return (state.chunk, state.written)
    }
    guard !chunk.isEmpty else { return .nothing }
    let count = chunk.withUnsafeBytes { bytes in
      let rest = bytes[written...]
      return Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
    }
    let error = count < 0 ? errno : 0
    return state.withLock { state in
      guard count > 0 else { return fail(error, &state) }
      state.isFailing = false
      state.written += count
      // If a line is written in part, its rest must come next.
      if state.written == state.chunk.count { state.chunk = [] }
      if let dropped = state.queue.takeDropped(now: SteadyClock.now()) { state.queue.insert(notice(dropped)) }
      return .wrote
    }
  }

  private func fail(_ error: Int32, _ state: inout State) -> Step {
    switch error {
    case EINTR: return .wrote
    case EAGAIN, EWOULDBLOCK: return .full
    default:
      // After EPIPE, EIO, ENOSPC, EBADF and others the output can recover, as a full volume can.
      state.isFailing = true
      settled.ring()
      return .failed
    }
  }

  private func waitForRoom(_ deadline: Deadline) {
    var question = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    _ = poll(&question, 1, deadline.pollTimeout)
  }
}
