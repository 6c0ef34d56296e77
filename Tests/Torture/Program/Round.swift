import Foundation
import Glibc
import JSON
import TestSupport
import TortureModel

/// Plays one schedule with real processes.
final class Round {
  private enum Moment {
    case begin(task: Int)
    case step(Schedule.Step)
    case signal(Player, Int32)
    case thaw(Player)
    case goOn(task: Int)
    case free
  }

  private let schedule: Schedule
  private let bed: TestBed
  private let root: URL
  private let clock = RoundClock()
  private let clients: Clients
  let volume: RoundVolume
  private var players: [Player] = []
  private var moments: [(time: Double, moment: Moment)] = []
  private var history = History()
  private var steps = 0

  /// - Parameter root: an empty directory.
  init(_ schedule: Schedule, in root: URL, _ bed: TestBed) throws {
    self.schedule = schedule
    self.bed = bed
    self.root = root
    clients = Clients(clock: clock)
    volume = try RoundVolume(schedule.volume, tasks: schedule.tasks.count, in: root, clock: clock)
    moments = schedule.tasks.indices.map { (schedule.tasks[$0].begins, .begin(task: $0)) }
    moments += schedule.actions.map { ($0.time, .step($0.step)) }
  }

  func play() throws -> History {
    defer { for player in players where player.isRunning { player.process.signal(SIGKILL) } }
    startClients()
    try goOn(until: schedule.length) { false }
    heal()
    try goOn(until: clock.now + 60) { self.clients.hasAcknowledged(since: self.history.healed ?? 0) }
    try stopAll()
    clients.end()
    if !clients.waitForEnd(within: .seconds(100)) { say("left out: a client that does not end") }
    try readBack()
    for player in players { player.sawHangs(volume.hung(for: player.run.task)) }
    history.runs = players.map(\.run)
    history.operations = clients.operations
    history.full = volume.full
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

  /// Does what is due until a time, or until a condition holds.
  private func goOn(until end: Double, _ condition: () -> Bool) throws {
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

  private func later(_ seconds: Double, _ moment: Moment) { moments.append((clock.now + seconds, moment)) }

  private func look() throws {
    volume.keepFull()
    for player in players where player.isRunning {
      let wasListening = player.port != nil
      let hasEnded = player.look()
      if !wasListening, let port = player.port { open(player.run.id, player.run.task, port) }
      if let drain = player.drain, drain.isOver(at: clock.now) {
        player.drain = nil
        player.signal(SIGTERM)
      }
      if hasEnded {
        if clients.endpoint(of: player.run.task)?.run == player.run.id {
          clients.setEndpoint(of: player.run.task, nil)
        }
        if history.healed == nil || player.pause != nil { later(player.pause ?? 0.5, .begin(task: player.run.task)) }
      }
    }
  }

  /// Logs in as soon as that is possible; from then on clients come.
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

  private static func logIn(port: Int) throws -> String {
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

// MARK: - What is done

extension Round {
  private func perform(_ moment: Moment) throws {
    switch moment {
    case .begin(let task): try begin(task)
    case .step(let step): try perform(step)
    case .signal(let player, let number): player.signal(number)
    case .thaw(let player): player.thaw()
    case .goOn(let task): volume.goOn(for: task)
    case .free: volume.free()
    }
  }

  private func begin(_ number: Int) throws {
    guard !players.contains(where: { $0.run.task == number && $0.isRunning }) else { return }
    let task = schedule.tasks[number]
    let skew = bed.skewedClock == nil ? 0 : task.skews[players.count % task.skews.count]
    players.append(try player(number, view: volume.view(of: number), isElsewhere: task.isOnOtherKernel, skew: skew))
  }

  private func player(_ task: Int, view: URL, isElsewhere: Bool = false, skew: Int = 0) throws -> Player {
    var changes = ["LOG_FORMAT": "plain", "LOG_LEVEL": "info"]
    if let library = bed.skewedClock, skew != 0 {
      changes.merge(["LD_PRELOAD": library.path(), "SKEW_SECONDS": "\(skew)"]) { $1 }
    }
    let hasDrain = schedule.actions.contains { if case .drain = $0.step { true } else { false } }
    if hasDrain { changes.merge(SidecarProcess.account) { $1 } }
    return try Player(
      id: players.count, task: task, view: view, root: root, changes, through: isElsewhere ? bed.otherKernel : nil,
      skew: skew, clock: clock)
  }

  private func perform(_ step: Schedule.Step) throws {
    steps += 1
    switch step {
    case .stop(let target, let signals, let apart, let pause):
      for player in running(target) {
        player.pause = pause
        for (number, signal) in signals.enumerated() { later(Double(number * apart) / 1000, .signal(player, signal)) }
      }
    case .kill(let target, let pause):
      for player in running(target) {
        player.pause = pause
        player.signal(SIGKILL)
      }
    case .freeze(let target, let seconds):
      for player in running(target) {
        player.freeze()
        later(seconds, .thaw(player))
      }
    case .hang(let target, let seconds):
      for task in Set(running(target).map(\.run.task)) {
        volume.hang(for: task)
        later(seconds, .goOn(task: task))
      }
    case .fill(let seconds):
      volume.fill()
      later(seconds, .free)
    case .signal(let target, let number):
      for player in running(target) where player.isReady { player.signal(number) }
    case .drain(let target, let pause):
      for player in running(target) where player.drain == nil {
        guard let port = player.port else { continue }
        player.pause = pause
        player.drain = try Drain(dumps: volume.view(of: player.run.task), port: port, at: clock.now)
      }
    case .removeLease(let claims):
      history.leaseRemovals.append(clock.now)
      volume.removeLease(claims: claims)
    case .dump(let target): ask(.dump, of: target)
    case .restore(let target): ask(.restore, of: target)
    case .slowCreate(let target, let count, let pause):
      for (task, endpoint) in endpoints(target) {
        for number in 0..<count {
          clients.createSlowly("r\(endpoint.run)-s\(steps)-\(task)-\(number)", of: endpoint, pause: pause)
        }
      }
    }
  }

  private func ask(_ kind: Request.Kind, of target: Schedule.Target) {
    for (_, endpoint) in endpoints(target) { clients.ask(kind, of: endpoint) }
  }

  private func endpoints(_ target: Schedule.Target) -> [(Int, Endpoint)] {
    running(target).compactMap { player in
      let endpoint = clients.endpoint(of: player.run.task)
      return endpoint.flatMap { $0.run == player.run.id ? (player.run.task, $0) : nil }
    }
  }

  private func running(_ target: Schedule.Target) -> [Player] {
    let running = players.filter(\.isRunning)
    let holder = running.max { ($0.highestEpoch ?? 0) < ($1.highestEpoch ?? 0) }
    switch target {
    case .task(let task): return running.filter { $0.run.task == task }
    case .holder: return [holder].compactMap(\.self)
    case .other: return [running.first { $0 !== holder }].compactMap(\.self)
    case .all: return running
    }
  }
}

// MARK: - The end

extension Round {
  private func heal() {
    volume.heal()
    for player in players { player.thawFully() }
    // What was not done by now, other than starts and signals under way, is left out.
    moments.removeAll { moment in
      switch moment.moment {
      case .begin, .signal: false
      case .step, .thaw, .goOn, .free: true
      }
    }
    history.healed = clock.now
  }

  /// One after the other, so that each but the last has one to hand over to. Clients go on meanwhile.
  private func stopAll() throws {
    moments = []
    let offset = Int(schedule.seed % 7)
    for number in schedule.tasks.indices {
      let task = (number + offset) % schedule.tasks.count
      for player in players where player.run.task == task && player.isRunning {
        player.pause = nil
        player.drain = nil
        // One that is stopping already may take a further signal for haste.
        if player.run.stops.isEmpty { player.signal(SIGTERM) }
        try goOn(until: clock.now + 60) { !player.isRunning }
        if player.isRunning { player.giveUp() }
      }
    }
    try goOn(until: clock.now + 20) { players.allSatisfy { !$0.isRunning } }
  }

  /// What a fresh task has.
  private func readBack() throws {
    let player = try player(0, view: volume.base)
    defer { player.process.signal(SIGKILL) }
    let begun = clock.now
    try goOn(until: begun + 60) {
      _ = player.look()
      return player.isReady && player.port != nil || !player.isRunning
    }
    guard let port = player.port, player.isReady else {
      history.finalStart =
        "a fresh task is not ready after \(Int(clock.now - begun)) s: \(player.process.log.suffix(2000))"
      return
    }
    history.finalStart = "ready after \((clock.now - begun)) s"
    do {
      history.final = try Self.groups(port: port, token: Self.logIn(port: port))
    } catch {
      history.finalStart = "a fresh task does not tell its groups: \(error)"
    }
  }

  /// Names and descriptions of all groups but those of each start.
  private static func groups(port: Int, token: String) throws -> [String: String] {
    let connection = try HTTPConnection(port: port)
    var groups: [String: String] = [:]
    for page in 1... {
      try connection.send(
        "GET /platform/group/all?page=\(page)&page_size=100 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n\r\n"
      )
      let answer = try connection.receive()
      guard answer.status == 200, let list = answer.json.object?["groups"]?.array else {
        throw HTTPFailure(description: "page \(page): \(answer.status) \(answer.text.prefix(300))")
      }
      for group in list.compactMap(\.object) {
        guard let name = group["group_name"]?.string, name != "admin", name != "ALL" else { continue }
        groups[name] = group["group_description"]?.string ?? ""
      }
      if list.count < 100 { break }
    }
    return groups
  }
}
