import Foundation
import Glibc
import JSON
import TestSupport
import TortureModel

/// Two real gateways on one directory with clients on both, while either is disturbed as the plan of a seed says.
final class TwoTaskRound {
  /// The figures of a round.
  struct Figures {
    var kills = 0
    var stops = 0
    var freezes = 0
    var hangs = 0
    var refused = 0
    var starts = 0

    static func + (one: Figures, other: Figures) -> Figures {
      Figures(
        kills: one.kills + other.kills, stops: one.stops + other.stops, freezes: one.freezes + other.freezes,
        hangs: one.hangs + other.hangs, refused: one.refused + other.refused, starts: one.starts + other.starts)
    }
  }

  private let seed: UInt64
  private let seconds: Double
  private let fault: RecordedFault?
  private let plan: TwoTaskPlan
  private let bed: TwoTaskBed
  private var generator: SeededGenerator
  private var tasks: [GatehouseProcess] = []
  private(set) var figures = Figures()
  /// The answers that neither the state nor a disturbance explains.
  private(set) var unexplained: [String] = []
  private let clock = RoundClock()

  /// - Parameters:
  ///   - root: an empty directory.
  ///   - fault: a fault to put in. The disturbances are those of the theme `mix` then.
  init(in root: URL, seed: UInt64, seconds: Double, theme: TwoTaskPlan.Theme?, _ fault: RecordedFault?) throws {
    (self.seed, self.seconds, self.fault) = (seed, seconds, fault)
    plan = TwoTaskPlan(seed: seed, theme: fault == nil ? theme : .mix)
    bed = try TwoTaskBed(in: root, plan, fault)
    generator = SeededGenerator(seed: seed)
  }

  /// The kind of the disturbances.
  var theme: TwoTaskPlan.Theme { plan.theme }

  /// - Returns: the calls of all clients.
  func play() throws -> [Call] {
    defer {
      // A process in a call of a volume that hangs does not end.
      bed.goOn()
      for task in tasks where task.isRunning { task.signal(SIGKILL) }
      bed.end()
    }
    for task in 0..<2 {
      tasks.append(try bed.start(task))
      try tasks[task].waitUntilReady()
    }
    // The account is in a dump, which both tasks know from now on.
    let token = try tasks[0].logIn()
    _ = try tasks[0].send("POST", "/platform/memory/dump", token: token)
    let clients = CallClients("h\(seed)", token: token, fault)
    for task in tasks.indices { clients.setPort(of: task, tasks[task].port) }
    clients.start(6, seed: seed)
    while clock.now < seconds {
      pause(Double.random(in: 1...5, using: &generator))
      try disturb(clients)
      for task in tasks.indices where !tasks[task].isRunning { try restart(task, clients) }
    }
    pause(2)
    guard clients.end(within: .seconds(60)) else { throw HTTPFailure(description: "a client does not end") }
    figures.refused = clients.refused
    let port = try writer()
    try clients.readAll(from: port)
    unexplained = clients.unexplained
    for task in tasks { _ = try? task.stop() }
    return clients.calls
  }

  private func pause(_ seconds: Double) { _ = poll(nil, 0, Int32(seconds * 1000)) }

  private func disturb(_ clients: CallClients) throws {
    guard fault != .twoWriters else { return try letBothWrite() }
    switch plan.step(mayFreeze: fault == nil, using: &generator) {
    case .kill(let task):
      figures.kills += 1
      try end(task, SIGKILL, clients)
    case .stop(let task):
      figures.stops += 1
      try end(task, SIGTERM, clients)
    case .killBoth:
      // The next writer has the journal alone.
      figures.kills += 2
      for task in tasks.indices { tasks[task].signal(SIGKILL) }
      for task in tasks.indices { try end(task, SIGKILL, clients) }
    case .hang(let task, let seconds) where bed.canHang:
      figures.hangs += 1
      bed.hang(task)
      pause(seconds)
      bed.goOn()
    case .freeze(let task, let seconds), .hang(let task, let seconds):
      figures.freezes += 1
      tasks[task].signal(SIGSTOP)
      pause(seconds)
      tasks[task].signal(SIGCONT)
    }
  }

  /// Lets the standby take the lease of the task that writes. That task notices when it renews the lease, every 3 s.
  private func letBothWrite() throws {
    try bed.setBlind(true)
    pause(Double.random(in: 2...5, using: &generator))
    try bed.setBlind(false)
  }

  private func end(_ task: Int, _ signal: Int32, _ clients: CallClients) throws {
    tasks[task].signal(signal)
    _ = try tasks[task].waitForExit(within: .seconds(60))
    clients.setPort(of: task, nil)
    pause(Double.random(in: 0...2, using: &generator))
    try restart(task, clients)
  }

  private func restart(_ task: Int, _ clients: CallClients) throws {
    clients.setPort(of: task, nil)
    figures.starts += 1
    tasks[task] = try bed.start(task)
    try tasks[task].waitUntilListening()
    clients.setPort(of: task, tasks[task].port)
  }

  /// The port of the task that writes, which has every change.
  private func writer() throws -> Int {
    for task in tasks where task.isRunning { try task.waitUntilReady() }
    let found = eventually(within: .seconds(60)) {
      tasks.first { task in
        guard task.isRunning, let answer = try? task.send("GET", "/platform/monitor/readiness") else { return false }
        return answer.status == 200 && answer.json.object?["writer"] == nil
      }?.port
    }
    guard let found else { throw HTTPFailure(description: "no task became the writer") }
    return found
  }
}
