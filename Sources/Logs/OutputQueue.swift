import Clocks
import Glibc
import Synchronization
import Threads

/// A descriptor that is written by a thread of its own, so that no caller ever waits for it: whoever reads a pipe, or owns
/// a terminal, can stop reading at any time and for as long as they like.
final class OutputQueue: Sendable {
  private struct State {
    var queue: LineQueue
    var hasThread = false
    /// What is being written, and how much of it is out.
    var chunk: [UInt8] = []
    var written = 0
    /// The last write failed: who waits for the output need not wait longer.
    var isFailing = false

    var isDrained: Bool { queue.isEmpty && chunk.isEmpty }
  }

  private let descriptor: Int32
  private let state: Mutex<State>
  private let notice: @Sendable (_ dropped: Int) -> [UInt8]
  /// Rung when there is something to write.
  private let work = Wakeup()
  /// Rung when a failed write should be tried again at once.
  private let retry = Wakeup()
  /// Rung while nothing waits, or while waiting is no use.
  private let settled = Wakeup()

  /// A failed write is tried again after this time, and after twice as long each time, up to the longest.
  private static let pauses = (first: Duration.milliseconds(100), longest: Duration.seconds(5))

  /// - Parameter notice: the line that says how many were dropped.
  init(_ descriptor: Int32, queue: LineQueue = LineQueue(), notice: @escaping @Sendable (Int) -> [UInt8]) {
    self.descriptor = descriptor
    state = Mutex(State(queue: queue))
    self.notice = notice
  }

  /// Takes a line with its end. Returns at once.
  func append(_ line: [UInt8], _ importance: LineQueue.Importance) {
    state.withLock { state in
      state.queue.append(line, importance)
      startThread(&state)
      if !state.isFailing { settled.clear() }
    }
    work.ring()
  }

  /// Waits until all that was taken is written, but no longer than the limit, nor for an output whose writes fail.
  ///
  /// - Returns: whether all of it is written.
  @discardableResult
  func flush(within limit: Duration) -> Bool {
    let deadline = Deadline(in: limit)
    let (isDrained, hasThread) = state.withLock { state in
      guard !state.isDrained else { return (true, true) }
      // One more try, also where the last one failed.
      state.isFailing = false
      settled.clear()
      startThread(&state)
      return (false, state.hasThread)
    }
    guard !isDrained else { return true }
    work.ring()
    retry.ring()
    if hasThread {
      settled.wait(until: deadline)
    } else {
      writeHere(until: deadline)
    }
    return state.withLock { $0.isDrained }
  }

  /// Without a thread lines wait, and the next line tries again to have one.
  private func startThread(_ state: inout State) {
    guard !state.hasThread else { return }
    state.hasThread = (try? SystemThread.start { [self] in run() }) != nil
  }

  private func run() {
    var pause = Self.pauses.first
    while true {
      switch writeNext() {
      case .wrote: pause = Self.pauses.first
      case .nothing: work.take(until: .never)
      case .full: waitForRoom(Deadline(in: Self.pauses.longest))
      case .failed:
        retry.take(until: Deadline(in: pause))
        pause = min(Self.pauses.longest, pause * 2)
      }
    }
  }

  /// The last resort of a process that can't have another thread.
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
    /// The descriptor does not block, and takes no more just now.
    case full
    case failed
  }

  /// Writes once. Blocks for as long as the output does, without the lock.
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
      // A line that is out in part stays the next one: only its rest may follow.
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
      // EPIPE, EIO, ENOSPC, EBADF…: the output may come back, as a volume does that had no room.
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
