import Clocks
import TestSupport

@testable import DumpDirectory

/// A volume and processes that want its lease, step by step: each reads, claims and writes in one atomic step of its own,
/// and between two steps anything may happen. Freezing, dying, ending and clocks that differ are part of it.
struct LeaseSimulation {
  private enum Step {
    case idle
    case look
    case lookAtClaims(LeaseSighting, began: Duration)
    case act(LeaseState.Action)
    case clearClaims(below: Int)
  }

  private struct Contender {
    var state: LeaseState
    let kernel: String
    /// What its clock shows differs from the others'.
    let offset: Duration
    var step = Step.look
    var wakesAt = Duration.zero
    var frozenUntil = Duration.zero
    var isAlive = true
    var name: String { state.holder.name }
  }

  private(set) var lease = LeaseSighting.absent
  private(set) var claims: [Int: (name: String, kernel: String)] = [:]
  /// Who held each epoch.
  private(set) var holders: [Int: String] = [:]
  /// The epochs of dumps in the order in which they got their names.
  private(set) var dumps: [Int] = []
  private(set) var violations: [String] = []
  private(set) var now = Duration.zero
  private var contenders: [Contender] = []
  private var random: SeededGenerator
  private var started = 0
  /// For how long a writer may be frozen between any two steps; zero: never.
  var longestFreeze = Duration.seconds(40)
  var mayDie = true
  /// Whether dumps of other volumes come, above which a holder moves its lease.
  var mayRaise = true

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
  }

  var alive: [LeaseState] { contenders.filter(\.isAlive).map(\.state) }

  mutating func start(kernel: String) {
    started += 1
    let holder = LeaseHolder(name: "p\(started)", host: "h", process: started, bootID: kernel)
    contenders.append(
      Contender(
        state: LeaseState(holder: holder), kernel: kernel,
        offset: .milliseconds(Int.random(in: 0...7_200_000, using: &random)), wakesAt: now))
  }

  /// Runs for some time, with faults if there may be any.
  mutating func run(for duration: Duration, processes: Int) {
    let deadline = now + duration
    while now < deadline {
      now += .milliseconds(Int.random(in: 0...60, using: &random))
      contenders.removeAll { !$0.isAlive }
      if mayDie, contenders.count(where: \.isAlive) < processes, chance(0.02) {
        start(kernel: chance(0.5) ? "k1" : "k2")
      }
      let ready = contenders.indices.filter {
        contenders[$0].isAlive && contenders[$0].wakesAt <= now && contenders[$0].frozenUntil <= now
      }
      guard let index = ready.randomElement(using: &random) else { continue }
      if longestFreeze > .zero, chance(0.003) {
        contenders[index].frozenUntil =
          now + .milliseconds(Int.random(in: 0...longestFreeze.milliseconds, using: &random))
        continue
      }
      if mayDie, chance(0.002) {
        contenders[index].isAlive = false
        continue
      }
      if mayDie, chance(0.002) {
        end(index)
        continue
      }
      step(index)
      check()
    }
  }

  /// Thaws all.
  mutating func thaw() {
    for index in contenders.indices { contenders[index].frozenUntil = now }
  }

  private mutating func end(_ index: Int) {
    let action = contenders[index].state.end()
    let look = LeaseLook(lease: lease, claims: Array(claims.keys))
    if case .write(let epoch, let renewal, let isReleased) = action,
      !look.isOver(epoch, of: contenders[index].state.holder)
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
      let top = max(look(lease).highestEpoch, 0)
      let maker = claims[top]
      let isDead = maker.map { maker in
        maker.kernel == contenders[index].kernel
          && !contenders.contains { $0.name == maker.name && $0.isAlive }
      }
      let look = LeaseLook(lease: lease, claims: Array(claims.keys), isHolderDead: isDead ?? false)
      let action = contenders[index].state.observe(look, now: began)
      if let epoch = contenders[index].state.epoch, !look.isOver(epoch, of: contenders[index].state.holder) {
        hold(index, epoch)
      }
      contenders[index].step = action == .wait ? rest(index) : .act(action)
    case .act(.claim(let epoch)):
      if claims[epoch] == nil {
        claims[epoch] = (contenders[index].name, contenders[index].kernel)
        contenders[index].state.claimed(epoch)
      } else {
        contenders[index].state.claimFailed(epoch)
      }
      contenders[index].step = .look
    case .act(.write(let epoch, let renewal, let isReleased)):
      write(index, epoch, renewal, isReleased)
      contenders[index].state.wrote(epoch: epoch, renewal: renewal, now: clock)
      contenders[index].step = .look
    case .act(.wait):
      contenders[index].step = rest(index)
    case .clearClaims(let epoch):
      for claim in claims.keys where claim < epoch { claims[claim] = nil }
      contenders[index].step = .idle
    }
  }

  private mutating func rest(_ index: Int) -> Step {
    let epoch = contenders[index].state.epoch
    if mayRaise, let epoch, chance(0.05) {
      contenders[index].state.know(epoch: epoch + Int.random(in: 0...3, using: &random))
      if let next = contenders[index].state.nextEpoch { return .act(.claim(epoch: next)) }
    }
    contenders[index].wakesAt = now + (epoch == nil ? .milliseconds(250) : .seconds(1))
    return epoch.map { .clearClaims(below: $0) } ?? .idle
  }

  private mutating func write(_ index: Int, _ epoch: Int, _ renewal: Int, _ isReleased: Bool) {
    lease = .record(
      LeaseRecord(holder: contenders[index].state.holder, epoch: epoch, renewal: renewal, isReleased: isReleased))
  }

  private func look(_ lease: LeaseSighting) -> LeaseLook { LeaseLook(lease: lease, claims: Array(claims.keys)) }

  /// A look of a holder found it in order: it may write dumps.
  private mutating func hold(_ index: Int, _ epoch: Int) {
    let name = contenders[index].name
    if let other = holders[epoch], other != name { violations.append("\(other) and \(name) both hold \(epoch)") }
    holders[epoch] = name
    if let newest = dumps.last, newest > epoch { violations.append("a dump of \(epoch) after one of \(newest)") }
    dumps.append(epoch)
  }

  private mutating func check() {
    let epochs = alive.compactMap(\.epoch)
    if Set(epochs).count != epochs.count { violations.append("two hold one of \(epochs)") }
  }

  private mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &random) < share }
}
