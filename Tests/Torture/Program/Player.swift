import Foundation
import Glibc
import TestSupport
import TortureModel

/// One process of the gateway, with its record.
final class Player {
  private(set) var run: Run
  let process: ProgramProcess
  private var tail: LogTail
  private let clock: RoundClock
  /// The number of disturbances that currently keep it stopped.
  private var freezes = 0
  /// The seconds between its end and the start of its successor, or `nil` while that is undecided.
  var pause: Double?
  private(set) var port: Int?
  var drain: Draining?

  init(
    id: Int, task: Int, view: URL, root: URL, _ changes: [String: String], through wrapper: URL?, skew: Int,
    clock: RoundClock
  )
    throws
  {
    self.clock = clock
    run = Run(id: id, task: task, begun: clock.now)
    process = try ProgramProcess(
      "gatehouse", [], environment: GatehouseProcess.environment(dumps: view, changes), directory: root,
      through: wrapper)
    tail = LogTail(process.logFile, origin: clock.origin, skew: Double(skew))
  }

  var isRunning: Bool { run.ended == nil }
  var highestEpoch: Int? { run.takes.map(\.epoch).max() }
  var isReady: Bool { run.events.contains { $0.kind == .ready } }

  func signal(_ number: Int32) {
    guard isRunning else { return }
    run.signals.append(.init(number, at: clock.now))
    process.signal(number)
  }

  func freeze() {
    guard isRunning else { return }
    if freezes == 0 {
      run.frozen.append(Span(clock.now))
      process.signal(SIGSTOP)
    }
    freezes += 1
  }

  func thaw() {
    guard isRunning, freezes > 0 else { return }
    freezes -= 1
    guard freezes == 0 else { return }
    process.signal(SIGCONT)
    run.frozen[run.frozen.count - 1].end = clock.now
  }

  func thawFully() { while freezes > 0, isRunning { thaw() } }

  /// Records its new log events, and its end.
  ///
  /// - Returns: whether it ended since the last call.
  func look() -> Bool {
    guard isRunning else { return false }
    let isOver = !process.isRunning
    for event in tail.events() {
      run.events.append(event)
      if case .listening(let port) = event.kind { self.port = port }
    }
    guard isOver else { return false }
    run.ended = clock.now
    run.exit = try? process.waitForExit(within: .seconds(1))
    return true
  }

  func giveUp() {
    run.isStuck = true
    process.signal(SIGKILL)
  }

  func sawHangs(_ spans: [Span]) {
    run.hung = spans.filter { $0.end ?? .infinity >= run.begun && $0.begin <= run.ended ?? .infinity }
  }
}
