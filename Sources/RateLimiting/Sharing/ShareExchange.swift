import Synchronization

/// Shares the limits of a service between its tasks: the task that holds the lease gives shares to those on standby.
///
/// The bytes travel as they can: they may be lost, delayed, repeated and reordered. At no time do the tasks together
/// allow more in a window than its limit.
package final class ShareExchange: Sendable {
  private let state: Mutex<ShareState>

  /// A task that is alone.
  ///
  /// - Parameters:
  ///   - system: the system's clock, in nanoseconds since the epoch.
  ///   - steady: a clock that only goes forward, in nanoseconds. Event loops use the same one.
  ///   - random: returns numbers that no other task returns.
  package init(
    _ counters: any CounterSource, _ current: CurrentShares, timing: ShareTiming = ShareTiming(),
    system: @escaping @Sendable () -> Int, steady: @escaping @Sendable () -> Int,
    random: @escaping @Sendable () -> UInt64 = { .random(in: 1 ... .max) }
  ) {
    state = Mutex(
      ShareState(
        counters: counters, current: current, system: system, steady: steady, random: random, timing: timing))
  }

  /// Notes the part of this task. A holder calls this each second.
  ///
  /// - Parameter age: nanoseconds since the lease was confirmed; `nil` when it was not.
  package func become(_ role: ShareRole, confirmedFor age: Int? = nil) {
    state.withLock { $0.become(role, confirmedFor: age) }
  }

  /// The report of a standby, or nothing.
  package func report() -> [UInt8] {
    let report = state.withLock { $0.report() }
    return report?.bytes ?? []
  }

  /// The holder's answer to a report, or nothing.
  package func answer(_ bytes: [UInt8]) -> [UInt8] {
    guard let report = try? ShareReport(bytes) else { return [] }
    let answer = state.withLock { $0.answer(report) }
    return answer?.bytes ?? []
  }

  /// Takes the holder's answer.
  package func take(_ bytes: [UInt8]) {
    guard let answer = try? ShareAnswer(bytes) else { return }
    state.withLock { $0.take(answer) }
  }

  /// Gives up all shares, so that every call with a limit is refused from now on. The other task gets them.
  package func close() { state.withLock { $0.close() } }

  /// The number of messages that the transfer under way still needs: of the share that this task gets, or of what it
  /// gave up. It is 0 when there is no transfer.
  package var messagesLeft: Int {
    state.withLock { state in
      switch state.role {
      case .alone: 0
      case .holder: state.holder.pagesLeft
      case .standby: state.isClosed ? state.standby.pagesLeft : state.standby.messagesLeft
      }
    }
  }

  /// Whether this task may count: it is alone, gives shares, or has one.
  package var hasShare: Bool {
    state.withLock { $0.role != .standby || $0.standby.transfer > 0 && $0.now < $0.fence }
  }

  /// Whether this task had a share that another task gave it, so it knows what is left of the limits.
  package var hadShare: Bool {
    state.withLock { $0.standby.wasJoined || $0.standby.hasLegacy || $0.standby.hasInherited }
  }

  /// The part that this task allows of a limit whose windows are its own.
  ///
  /// - Parameter window: the length of a window in seconds.
  package func part(of limit: Int, window: Int) -> Int { state.withLock { $0.part(of: limit, window: window) } }

  /// Notes that the counters of calls were cleared, so that the other task clears its own.
  package func noteClear() { state.withLock { $0.clears += 1 } }
}
