import TestSupport

@testable import RateLimiting

/// Two or more tasks, their lease, and a network that loses, delays, repeats and reorders, all from a seed.
final class ShareSimulation {
  struct Window: Hashable {
    let key: CounterKey
    let length: Int
    let number: UInt64
  }

  struct Tally {
    var allowed = 0
    var limit = 0
  }

  private struct Message {
    let at: Int
    let from: Int
    let to: Int
    let isAnswer: Bool
    let bytes: [UInt8]
  }

  static let second = 1_000_000_000

  private var random: SeededGenerator
  private let seed: UInt64
  private let fault: WorldFault?
  private let time = WorldTime()
  private(set) var tasks: [Int: WorldTask] = [:]
  private var messages: [Message] = []
  private var nextID = 1
  private var leaseHolder: Int?
  private var leaseRenewedAt = 0
  private var loss: Double
  private var users: [(key: CounterKey, window: Int)] = []
  private var limits: [Int] = []
  /// The limits of users that tasks went by, with the last moment.
  private var seenLimits: [[Int: Int]] = Array(repeating: [:], count: 5)
  private(set) var tallies: [Window: Tally] = [:]
  private(set) var violations: [String] = []
  private(set) var allowed = 0
  private(set) var moved = 0
  /// The events, for a seed that fails.
  private(set) var events: [String] = []
  var isNoted = false

  init(seed: UInt64, fault: WorldFault? = nil) {
    (self.seed, self.fault) = (seed, fault)
    random = SeededGenerator(simulation: seed)
    loss = [0, 0, 5, 30].randomElement(using: &random) ?? 0
    time.advance(1_700_000_000 * Self.second + Int.random(in: 0..<3600, using: &random) * Self.second)
    let sizes = [1, 2, 3, 5, 7, 10, 31, 100, 1000, 5_000_000_000]
    for (number, window) in [1, 60, 60, 3600, 60].enumerated() {
      let kind: CounterKey.Kind = number == 4 ? .bandwidth : number == 3 ? .throttle : .rate
      users.append((CounterKey(kind, [UInt8(number)]), window))
      let limit = sizes.randomElement(using: &random) ?? 1
      limits.append(kind == .bandwidth ? limit * 700 : limit)
    }
  }

  private func note(_ event: @autoclosure () -> String) {
    if isNoted { events.append("\(Double(time.now % (3600 * Self.second)) / 1e9) \(event())") }
  }

  private func start() {
    let offset = [0, 0, 86_400, -86_400, 3].randomElement(using: &random) ?? 0
    let task = WorldTask(
      nextID, time, wallOffset: offset * Self.second + Int.random(in: 0..<Self.second, using: &random),
      limits: limits, fault: fault, seed: seed)
    tasks[nextID] = task
    note("task \(nextID) starts, clock \(offset)")
    nextID += 1
    tick(task)
  }

  /// That which the lease and the server do each second.
  private func tick(_ task: WorldTask) {
    let now = time.now
    task.nextTick = now + Self.second
    if now >= task.volumeHangsUntil, task.stopsAt == nil { lookAtLease(task) }
    if task.isHolder {
      task.exchange.become(.holder, confirmedFor: now - task.renewedAt)
    } else if fault != .usesBeforeGranted || task.current.shares().account != .whole {
      task.exchange.become(.standby)
    }
  }

  private func lookAtLease(_ task: WorldTask) {
    let now = time.now
    if leaseHolder == task.id {
      task.isHolder = true
      if now - task.renewedAt >= 3 * Self.second || task.renewedAt == 0 {
        (task.renewedAt, leaseRenewedAt) = (now, now)
      }
      return
    }
    task.isHolder = false
    let isNew = task.watchedFrom.map { $0 < leaseRenewedAt } ?? true
    if leaseHolder != nil, isNew { task.watchedFrom = now }
    if task.renewedAt > 0 {
      task.renewedAt = 0
      task.exchange.become(.standby)
    }
    guard leaseHolder == nil || now - (task.watchedFrom ?? now) >= 15 * Self.second else { return }
    note("task \(task.id) takes the lease of \(leaseHolder ?? 0)")
    // It may have held it before, but another one did meanwhile.
    task.exchange.become(.standby)
    if task.current.shares().account == .nothing {
      // It never had a share: it goes on as after a start, with counters of its own.
      tasks = [task.id: task]
      tallies = [:]
    }
    (leaseHolder, leaseRenewedAt, task.renewedAt, task.isHolder) = (task.id, now, now, true)
  }

  private func send(_ bytes: [UInt8], from: Int, to: Int, isAnswer: Bool) {
    guard !bytes.isEmpty, !random.chance(loss) else { return }
    var bytes = bytes
    if fault == .reclaimsTooEarly, isAnswer, var answer = try? ShareAnswer(bytes) {
      answer.fence += 40
      bytes = answer.bytes
    }
    for _ in 0..<(random.chance(5) ? 2 : 1) {
      let delay = Int.random(in: 0..<(random.chance(10) ? 25_000 : 20), using: &random)
      messages.append(Message(at: time.now + delay * 1_000_000, from: from, to: to, isAnswer: isAnswer, bytes: bytes))
    }
  }

  private func deliver() {
    let now = time.now
    for (index, message) in messages.enumerated().reversed() where message.at <= now {
      guard let task = tasks[message.to] else {
        messages.remove(at: index)
        continue
      }
      guard task.frozenUntil <= now else { continue }
      messages.remove(at: index)
      if message.isAnswer {
        task.exchange.take(message.bytes)
      } else {
        send(task.exchange.answer(message.bytes), from: task.id, to: message.from, isAnswer: true)
      }
    }
  }

  private func call(_ task: WorldTask) {
    let number = Int.random(in: 0..<users.count, using: &random)
    let (key, window) = users[number]
    let limit = task.limits[number]
    let times = random.chance(5) ? 60 : Int.random(in: 1...4, using: &random)
    let counter = task.counters.counter(key)
    for _ in 0..<times {
      let now = task.now
      var amount = 1
      switch counter {
      case let counter as WindowCounter:
        guard counter.count(upTo: limit, window: window, now: now, sharing: task.sharing) != nil else { return }
      case let counter as StubbornCounter:
        guard counter.counter.count(upTo: limit, window: window, now: now, sharing: task.sharing) != nil else { return }
      case let sum as WindowSum:
        let left = sum.left(of: limit, window: window, now: now, sharing: task.sharing)
        amount = min(left, Int.random(in: 1...5000, using: &random))
        guard amount > 0 else {
          sum.noteRefusal(window: window, now: now)
          return
        }
        sum.add(amount, window: window, now: now)
      default: return
      }
      allowed += 1
      let place = Window(key: key, length: window, number: counter.use().number)
      var tally = tallies[place] ?? Tally()
      tally = Tally(allowed: tally.allowed + amount, limit: max(tally.limit, largestLimit(number, within: window)))
      tallies[place] = tally
      if isNoted { note("task \(task.id) allows \(amount) of user \(number) in \(place.number), now \(tally.allowed)") }
      if tally.allowed > tally.limit, violations.count < 3 {
        violations.append(
          "seed \(seed): \(tally.allowed) of \(tally.limit) in window \(place.number) of \(window) s of user \(number), last at task \(task.id)"
        )
        note(violations.last ?? "")
        for id in tasks.keys.sorted() {
          guard let other = tasks[id] else { continue }
          let (shares, use) = (other.current.shares(), other.counters.counter(key).use())
          note(
            "task \(id) fence \(shares.fence) got \(shares.account.got) given \(shares.account.given) used \(use.used) in \(use.number) limit \(use.limit) of \(use.window) s, adjusted by \(use.adjustment.amount) in \(use.adjustment.number)"
          )
        }
      }
    }
  }

  /// The largest limit that any task went by in the time of a window.
  private func largestLimit(_ number: Int, within window: Int) -> Int {
    seenLimits[number].filter { $0.value >= time.now - window * Self.second }.keys.max() ?? 0
  }

  private func noteLimits() {
    for task in tasks.values {
      for (number, limit) in task.limits.enumerated() { seenLimits[number][limit] = time.now }
    }
  }

  private func disturb(_ task: WorldTask) {
    let now = time.now
    switch Double.random(in: 0..<100, using: &random) {
    case ..<0.4:
      note("task \(task.id) crashes")
      tasks[task.id] = nil
    case ..<0.8:
      task.frozenUntil = now + Int.random(in: 1...60, using: &random) * Self.second
      note("task \(task.id) freezes until \(Double(task.frozenUntil % (3600 * Self.second)) / 1e9)")
    case ..<1.0:
      task.volumeHangsUntil = now + Int.random(in: 1...40, using: &random) * Self.second
      note("task \(task.id): its volume hangs")
    case ..<1.6 where task.stopsAt == nil:
      note("task \(task.id) stops")
      task.exchange.close()
      task.stopsAt = now + Int.random(in: 0...4000, using: &random) * 1_000_000
    case ..<1.8:
      let number = Int.random(in: 0..<limits.count, using: &random)
      limits[number] = max(1, limits[number] * Int.random(in: 1...4, using: &random) / 2)
    default: break
    }
  }

  /// Plays some steps of random length.
  func run(steps: Int) {
    start()
    leaseHolder = 1
    if let first = tasks[1] { tick(first) }
    for _ in 0..<steps {
      time.advance(Int.random(in: 1...600, using: &random) * 1_000_000)
      let now = time.now
      if tasks.count < 2 || tasks.count < 4 && random.chance(0.3) { start() }
      noteLimits()
      deliver()
      for id in tasks.keys.sorted() {
        guard let task = tasks[id], task.frozenUntil <= now else { continue }
        if let end = task.stopsAt, end <= now {
          if leaseHolder == id { leaseHolder = nil }
          note("task \(id) is gone")
          tasks[id] = nil
          continue
        }
        // After a freeze, calls may come before anything else.
        if random.chance(80) { call(task) }
        if task.nextTick <= now { tick(task) }
        for number in limits.indices where random.chance(20) { task.limits[number] = limits[number] }
        if task.nextReport <= now, let holder = leaseHolder, holder != id {
          task.nextReport = now + Self.second
          send(task.exchange.report(), from: id, to: holder, isAnswer: false)
        }
        disturb(task)
      }
    }
  }
}
