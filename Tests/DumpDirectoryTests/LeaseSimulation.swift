import Clocks
import TestSupport

@testable import DumpDirectory

/// A volume and processes that want its lease, step by step: each reads, claims and writes in one atomic step of its own,
/// and between two steps anything may happen. Freezing, dying, ending, clocks that differ, a volume that is full or hangs, and files
/// that someone removes are part of it. Meanwhile holders acknowledge changes.
struct LeaseSimulation {
  /// What may go wrong.
  struct Faults {
    /// For how long a process may be frozen between any two steps; zero: never.
    var longestFreeze = Duration.seconds(40)
    /// For how long the volume may take no writes.
    var longestFull = Duration.seconds(40)
    /// For how long the volume may hang for one process, which goes on acknowledging meanwhile if it thinks that it may.
    var longestHang = Duration.seconds(40)
    var mayDie = true
    /// Whether dumps of other volumes come, above which a holder moves its lease.
    var mayRaise = true
    /// Whether someone removes `lease.json` and the claims.
    var mayRemoveFiles = true

    static let none = Faults(
      longestFreeze: .zero, longestFull: .zero, longestHang: .zero, mayDie: false, mayRaise: false,
      mayRemoveFiles: false)
  }

  private enum Step {
    case idle
    case look
    case lookAtClaims(LeaseSighting, began: Duration)
    case act(LeaseState.Action)
    /// The epoch is noted; the claim comes next.
    case create(epoch: Int)
    case clearClaims(below: Int)
  }

  private struct Contender {
    var state: LeaseState
    let kernel: String
    let mount: String
    /// What its clock shows differs from the others'.
    let offset: Duration
    var step = Step.look
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

  private(set) var lease = LeaseSighting.absent
  private var claims: [Int: Maker] = [:]
  private var past: LeasePast?
  /// Who held each epoch.
  private(set) var holders: [Int: String] = [:]
  /// The epochs of dumps in the order in which they got their names.
  private(set) var dumps: [Int] = []
  private(set) var acknowledged = 0
  private(set) var violations: [String] = []
  /// What happened up to the first violation, the last events only.
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

  /// Runs for some time, with faults if there may be any.
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

  /// Thaws all, and frees the volume.
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

  /// - Returns: whether something happened to the process instead of its next step.
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

  /// Each process that runs, also one for which the volume hangs, is asked to change something.
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
    let look = look(lease)
    if case .write(let epoch, let renewal, let isReleased) = action,
      !look.isOver(epoch, of: contenders[index].state.holder), fullUntil <= now
    {
      write(index, epoch, renewal, isReleased)
    }
    contenders[index].isAlive = false
  }

  private mutating func step(_ index: Int) {
    let clock = now + contenders[index].offset
    switch contenders[index].step {
    case .idle, .look:
      contenders[index].step = .lookAtClaims(lease, began: clock)
    case .lookAtClaims(let lease, let began):
      let look = LeaseLook(
        lease: lease, claims: Array(claims.keys), isHolderDead: isDead(look(lease), for: index),
        past: LeaseLook.isIncomplete(lease, Array(claims.keys)) ? past : nil)
      let action = contenders[index].state.observe(look, now: began)
      if let epoch = contenders[index].state.epoch, !look.isOver(epoch, of: contenders[index].state.holder) {
        hold(index, epoch)
      }
      contenders[index].step = action == .wait ? rest(index) : .act(action)
    case .act(let action):
      act(action, index, clock)
    case .create(let epoch):
      create(epoch, index)
      contenders[index].step = .look
    case .clearClaims(let epoch):
      for claim in claims.keys where claim < epoch { claims[claim] = nil }
      contenders[index].step = .idle
    }
  }

  private mutating func act(_ action: LeaseState.Action, _ index: Int, _ clock: Duration) {
    let isFull = fullUntil > now
    contenders[index].step = .look
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
      if let past, past.epoch >= epoch, past.holder != contenders[index].name {
        contenders[index].state.know(claimedEpoch: past.epoch)
        contenders[index].state.watchAnew()
        break
      }
      past = LeasePast(epoch: epoch, holder: contenders[index].name)
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

  private func isDead(_ look: LeaseLook, for index: Int) -> Bool {
    guard let maker = claims[look.highestEpoch] else { return false }
    return maker.kernel == contenders[index].kernel && maker.mount == contenders[index].mount
      && !contenders.contains { $0.name == maker.name && $0.isAlive }
  }

  private mutating func rest(_ index: Int) -> Step {
    let state = contenders[index].state
    if faults.mayRaise, let epoch = state.epoch, fullUntil <= now, chance(0.05) {
      contenders[index].state.know(epoch: epoch + Int.random(in: 0...3, using: &random))
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

  private func look(_ lease: LeaseSighting) -> LeaseLook { LeaseLook(lease: lease, claims: Array(claims.keys)) }

  /// A look of a holder found it in order: it may write dumps.
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
