import Clocks
import TestSupport

@testable import DumpDirectory

/// Simulates a volume and processes that compete for its lease. Each process reads, claims and writes in single atomic
/// steps, and any event can happen between two steps.
///
/// Processes freeze, die and end; their clocks differ; the volume is full or hangs; files are removed. Meanwhile
/// holders acknowledge changes.
struct LeaseSimulation {
  /// The faults that can happen.
  struct Faults {
    /// The longest time for which a process is frozen between two steps; zero means never.
    var longestFreeze = Duration.seconds(40)
    /// The longest time for which the volume accepts no writes.
    var longestFull = Duration.seconds(40)
    /// The longest time for which the volume hangs for one process. The process continues to acknowledge changes while
    /// its state allows that.
    var longestHang = Duration.seconds(40)
    var mayDie = true
    /// Whether dumps from elsewhere appear, above which a holder moves its lease.
    var mayRaise = true
    /// Whether `lease.json` and the claims are removed.
    var mayRemoveFiles = true

    static let none = Faults(
      longestFreeze: .zero, longestFull: .zero, longestHang: .zero, mayDie: false, mayRaise: false,
      mayRemoveFiles: false)
  }

  private enum Step {
    case idle
    case reading
    case readClaims(LeaseFileState, began: Duration)
    case act(LeaseState.Action)
    /// The epoch is announced; the next step creates the claim.
    case create(epoch: Int)
    case clearClaims(below: Int)
  }

  private struct Contender {
    var state: LeaseState
    let kernel: String
    let mount: String
    /// The difference between its clock and the simulation's.
    let offset: Duration
    var step = Step.reading
    var wakesAt = Duration.zero
    var frozenUntil = Duration.zero
    var hangsUntil = Duration.zero
    var isAlive = true
    var name: String { state.holder.name }
  }

  private struct Maker {
    let name: String
    let kernel: String
    let mount: String
  }

  private(set) var lease = LeaseFileState.absent
  private var claims: [Int: Maker] = [:]
  private var announcement: LeaseAnnouncement?
  /// The holder of each epoch.
  private(set) var holders: [Int: String] = [:]
  /// The epochs of the dumps, in the order in which they got their names.
  private(set) var dumps: [Int] = []
  private(set) var acknowledged = 0
  private(set) var violations: [String] = []
  /// The last events before the first violation.
  private(set) var events: [String] = []
  private(set) var now = Duration.zero
  private var contenders: [Contender] = []
  private var random: SeededGenerator
  private var started = 0
  private var fullUntil = Duration.zero
  var faults: Faults

  init(seed: UInt64, _ faults: Faults = Faults()) {
    random = SeededGenerator(seed: seed)
    self.faults = faults
  }

  var alive: [LeaseState] { contenders.filter(\.isAlive).map(\.state) }

  mutating func start(kernel: String) {
    started += 1
    let holder = LeaseHolder(name: "p\(started)", host: "h", process: started, bootID: kernel)
    contenders.append(
      Contender(
        state: LeaseState(holder: holder), kernel: kernel, mount: chance(0.5) ? "m1" : "m2",
        offset: .milliseconds(Int.random(in: 0...7_200_000, using: &random)), wakesAt: now))
  }

  /// Runs for some time, with faults as far as they are enabled.
  mutating func run(for duration: Duration, processes: Int) {
    let deadline = now + duration
    while now < deadline {
      now += .milliseconds(Int.random(in: 0...60, using: &random))
      contenders.removeAll { !$0.isAlive }
      if faults.mayDie, contenders.count(where: \.isAlive) < processes, chance(0.02) {
        start(kernel: chance(0.5) ? "k1" : "k2")
      }
      troubleVolume()
      acknowledge()
      let ready = contenders.indices.filter {
        contenders[$0].isAlive && contenders[$0].wakesAt <= now && contenders[$0].frozenUntil <= now
          && contenders[$0].hangsUntil <= now
      }
      guard let index = ready.randomElement(using: &random) else { continue }
      if disturb(index) { continue }
      step(index)
      check()
    }
  }

  /// Ends all freezes, hangs and shortages.
  mutating func thaw() {
    fullUntil = now
    for index in contenders.indices { (contenders[index].frozenUntil, contenders[index].hangsUntil) = (now, now) }
  }

  private mutating func troubleVolume() {
    if faults.longestFull > .zero, fullUntil < now, chance(0.0005) {
      fullUntil = now + upTo(faults.longestFull)
      note("full until \(fullUntil)")
    }
    if faults.mayRemoveFiles, chance(0.0003) {
      (lease, claims) = (.absent, [:])
      note("the files are removed")
    }
  }

  /// Makes a random event happen to a process.
  ///
  /// - Returns: whether one happened instead of the process's next step.
  private mutating func disturb(_ index: Int) -> Bool {
    var isCritical = false
    if case .create = contenders[index].step { isCritical = true }
    if case .act = contenders[index].step { isCritical = true }
    if faults.longestFreeze > .zero, chance(isCritical ? 0.03 : 0.003) {
      contenders[index].frozenUntil = now + upTo(faults.longestFreeze)
      note("\(contenders[index].name) is frozen until \(contenders[index].frozenUntil)")
    } else if faults.longestHang > .zero, chance(isCritical ? 0.02 : 0.002) {
      contenders[index].hangsUntil = now + upTo(faults.longestHang)
      note("\(contenders[index].name) hangs until \(contenders[index].hangsUntil)")
    } else if faults.mayDie, chance(0.002) {
      contenders[index].isAlive = false
      note("\(contenders[index].name) dies")
    } else if faults.mayDie, chance(0.002) {
      end(index)
      note("\(contenders[index].name) ends")
    } else {
      return false
    }
    return true
  }

  /// Asks each running process to acknowledge a change, also one for which the volume hangs.
  private mutating func acknowledge() {
    for contender in contenders where contender.isAlive && contender.frozenUntil <= now {
      guard let epoch = contender.state.epoch, contender.state.mayAcknowledge(at: now + contender.offset) else {
        continue
      }
      acknowledged += 1
      if let newer = holders.keys.max(), newer > epoch {
        violations.append("\(contender.name) acknowledged a change in epoch \(epoch) at \(now), when \(newer) was held")
      }
    }
  }

  private mutating func end(_ index: Int) {
    let action = contenders[index].state.end()
    let reading = reading(lease)
    if case .write(let epoch, let renewal, let isReleased) = action,
      !reading.isLost(epoch, by: contenders[index].state.holder), fullUntil <= now
    {
      write(index, epoch, renewal, isReleased)
    }
    contenders[index].isAlive = false
  }

  private mutating func step(_ index: Int) {
    let clock = now + contenders[index].offset
    switch contenders[index].step {
    case .idle, .reading:
      contenders[index].step = .readClaims(lease, began: clock)
    case .readClaims(let lease, let began):
      let reading = LeaseReading(
        lease: lease, claims: Array(claims.keys), isHolderDead: isDead(reading(lease), for: index),
        announcement: LeaseReading.isIncomplete(lease, Array(claims.keys)) ? announcement : nil)
      let action = contenders[index].state.observe(reading, now: began)
      if let epoch = contenders[index].state.epoch, !reading.isLost(epoch, by: contenders[index].state.holder) {
        hold(index, epoch)
      }
      contenders[index].step = action == .wait ? rest(index) : .act(action)
    case .act(let action):
      act(action, index, clock)
    case .create(let epoch):
      create(epoch, index)
      contenders[index].step = .reading
    case .clearClaims(let epoch):
      for claim in claims.keys where claim < epoch { claims[claim] = nil }
      contenders[index].step = .idle
    }
  }

  private mutating func act(_ action: LeaseState.Action, _ index: Int, _ clock: Duration) {
    let isFull = fullUntil > now
    contenders[index].step = .reading
    switch action {
    case .wait:
      contenders[index].step = rest(index)
    case .prepare:
      isFull ? contenders[index].state.watchAnew() : contenders[index].state.prepared()
    case .claim(let epoch) where contenders[index].state.epoch == epoch:
      create(epoch, index)
    case .claim(let epoch):
      guard !isFull else {
        contenders[index].state.watchAnew()
        break
      }
      if let announcement, announcement.epoch >= epoch, announcement.holder != contenders[index].name {
        contenders[index].state.noteClaimed(epoch: announcement.epoch)
        contenders[index].state.watchAnew()
        break
      }
      announcement = LeaseAnnouncement(epoch: epoch, holder: contenders[index].name)
      contenders[index].step = .create(epoch: epoch)
      return
    case .write(let epoch, let renewal, let isReleased):
      guard !isFull else { break }
      write(index, epoch, renewal, isReleased)
      contenders[index].state.wrote(epoch: epoch, renewal: renewal, now: clock)
    }
    if isFull { contenders[index].wakesAt = now + .milliseconds(250) }
  }

  private mutating func create(_ epoch: Int, _ index: Int) {
    let contender = contenders[index]
    if let maker = claims[epoch] {
      if maker.name != contender.name { contenders[index].state.claimFailed(epoch) }
      return
    }
    note("\(contender.name) claims \(epoch)")
    claims[epoch] = Maker(name: contender.name, kernel: contender.kernel, mount: contender.mount)
    contenders[index].state.claimed(epoch)
  }

  private func isDead(_ reading: LeaseReading, for index: Int) -> Bool {
    guard let maker = claims[reading.highestEpoch] else { return false }
    return maker.kernel == contenders[index].kernel && maker.mount == contenders[index].mount
      && !contenders.contains { $0.name == maker.name && $0.isAlive }
  }

  private mutating func rest(_ index: Int) -> Step {
    let state = contenders[index].state
    if faults.mayRaise, let epoch = state.epoch, fullUntil <= now, chance(0.05) {
      contenders[index].state.noteUsed(epoch: epoch + Int.random(in: 0...3, using: &random))
      if let next = contenders[index].state.nextEpoch { return .act(.claim(epoch: next)) }
    }
    let isDue = state.isRenewalDue(at: now + contenders[index].offset)
    contenders[index].wakesAt = now + (state.epoch == nil || isDue ? .milliseconds(250) : .seconds(1))
    return state.epoch.map { .clearClaims(below: $0) } ?? .idle
  }

  private mutating func write(_ index: Int, _ epoch: Int, _ renewal: Int, _ isReleased: Bool) {
    note("\(contenders[index].name) writes \(epoch), renewal \(renewal)\(isReleased ? ", released" : "")")
    lease = .record(
      LeaseRecord(holder: contenders[index].state.holder, epoch: epoch, renewal: renewal, isReleased: isReleased))
  }

  private func reading(_ lease: LeaseFileState) -> LeaseReading { .init(lease: lease, claims: Array(claims.keys)) }

  /// Records that a holder's reading confirmed its epoch, so that it may write dumps.
  private mutating func hold(_ index: Int, _ epoch: Int) {
    let name = contenders[index].name
    if let other = holders[epoch], other != name { violations.append("\(other) and \(name) both hold \(epoch)") }
    if holders.updateValue(name, forKey: epoch) == nil { note("\(name) holds \(epoch)") }
    if let newest = dumps.last, newest > epoch { violations.append("a dump of \(epoch) after one of \(newest)") }
    dumps.append(epoch)
  }

  private mutating func check() {
    let epochs = alive.compactMap(\.epoch)
    if Set(epochs).count != epochs.count { violations.append("two hold one of \(epochs)") }
  }

  private mutating func note(_ event: String) {
    if violations.isEmpty { events = events.suffix(60) + ["\(now) \(event)"] }
  }

  private mutating func upTo(_ longest: Duration) -> Duration {
    .milliseconds(Int.random(in: 0...longest.milliseconds, using: &random))
  }

  private mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &random) < share }
}
