import Foundation
import Glibc
import JSON
import TestSupport
import TortureModel

/// Plays one schedule with real processes.
final class Round {
  enum Moment {
    case begin(task: Int)
    case step(Schedule.Step)
    case signal(Player, Int32)
    case thaw(Player)
    case goOn(task: Int)
    case free
  }

  let schedule: Schedule
  let bed: TestBed
  let root: URL
  let clock = RoundClock()
  let clients: Clients
  let volume: RoundVolume
  var players: [Player] = []
  var moments: [(time: Double, moment: Moment)] = []
  var history = History()
  var steps = 0

  /// - Parameter root: an empty directory.
  init(_ schedule: Schedule, in root: URL, _ bed: TestBed) throws {
    self.schedule = schedule
    self.bed = bed
    self.root = root
    clients = Clients(clock: clock)
    volume = try RoundVolume(bed.volume(schedule.volume), tasks: schedule.tasks.count, in: root, clock: clock)
    moments = schedule.tasks.indices.map { (schedule.tasks[$0].begins, .begin(task: $0)) }
  }

  func play() throws -> History {
    defer { for player in players where player.isRunning { player.process.signal(SIGKILL) } }
    startClients()
    let count = schedule.tasks.count
    try goOn(until: 30) { players.count == count && players.allSatisfy { clients.endpoint(of: $0.run.task) != nil } }
    let begin = clock.now
    history.begun = begin
    moments += schedule.actions.map { (begin + $0.time, .step($0.step)) }
    try goOn(until: begin + schedule.length) { false }
    heal()
    try goOn(until: clock.now + 60) { self.clients.hasAcknowledged(since: self.history.healed ?? 0) }
    try stopAll()
    clients.end()
    if !clients.waitForEnd(within: .seconds(100)) { say("skipped: waiting for a client that does not end") }
    try readBack()
    try readSideDumps()
    for player in players { player.sawHangs(volume.hung(for: player.run.task)) }
    history.runs = players.map(\.run)
    history.isJournaled = bed.isJudgedAsJournaled
    history.operations = clients.operations
    history.full = volume.full
    history.stalls = bed.stalls.spans(on: clock)
    return history
  }

  private func startClients() {
    for (number, task) in schedule.tasks.enumerated() {
      for writer in 0..<task.writers {
        clients.startWriter(writer, of: number, seed: schedule.seed &+ UInt64(number * 100 + writer))
      }
      clients.startProbing(number)
      if task.dumpsEvery > 0 { clients.startDumping(number, every: task.dumpsEvery) }
    }
  }

  // MARK: - Time

  /// Does the actions that are due, until a time or until a condition holds.
  func goOn(until end: Double, _ condition: () -> Bool) throws {
    var lastLook = -1.0
    while clock.now < end, !condition() {
      while let next = moments.indices.min(by: { moments[$0].time < moments[$1].time }),
        moments[next].time <= min(clock.now, end)
      {
        try perform(moments.remove(at: next).moment)
      }
      if clock.now - lastLook > 0.02 {
        try look()
        lastLook = clock.now
      }
      _ = poll(nil, 0, 3)
    }
  }

  func later(_ seconds: Double, _ moment: Moment) { moments.append((clock.now + seconds, moment)) }

  private func look() throws {
    volume.keepFull()
    for player in players {
      guard let drain = player.drain?.look(at: clock.now, volume) else { continue }
      history.drains.append(drain)
      player.drain = nil
      player.signal(SIGTERM)
    }
    for player in players where player.isRunning {
      let wasListening = player.port != nil
      let hasEnded = player.look()
      if !wasListening, let port = player.port { open(player.run.id, player.run.task, port) }
      if hasEnded {
        if clients.endpoint(of: player.run.task)?.run == player.run.id {
          clients.setEndpoint(of: player.run.task, nil)
        }
        if history.healed == nil || player.pause != nil { later(player.pause ?? 0.5, .begin(task: player.run.task)) }
      }
    }
  }

  /// Logs in as soon as possible, and then starts the clients.
  private func open(_ run: Int, _ task: Int, _ port: Int) {
    clients.start { [clients] in
      while !clients.isOver {
        if let token = try? Round.logIn(port: port) {
          clients.setEndpoint(of: task, Endpoint(port: port, token: token, run: run))
          return
        }
        _ = poll(nil, 0, 50)
      }
    }
  }

  static func logIn(port: Int) throws -> String {
    let connection = try HTTPConnection(port: port, patience: 5)
    let body = #"{"email":"\#(GatehouseProcess.adminEmail)","password":"\#(GatehouseProcess.adminPassword)"}"#
    try connection.send(
      "POST /platform/authorization HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    let answer = try connection.receive()
    guard let token = answer.json.object?["access_token"]?.string else {
      throw HTTPFailure(description: "no login: \(answer.status) \(answer.text)")
    }
    return token
  }
}
