import Clocks
import DumpDirectory
import DumpFormat
import TestSupport

/// Simulates writers that share a volume, from the check of the lease to the answer of a change.
///
/// The lease's decisions are those of `LeaseState`, and `JournalChain` chooses the commits of a start. Each reading,
/// write, sync, check and answer is a step, and any event can happen between two steps: a process is frozen or dies, or
/// one of its threads hangs in a call of the volume. The steady clocks begin at different times, and run at rates that
/// differ more than those of real clocks.
package struct FencingSimulation {
  /// A fault that is put in on purpose, to show that the simulation finds it.
  package enum Fault: String, Sendable, CaseIterable {
    /// The lease is checked before a write, and not after its sync.
    case checkBeforeWriteOnly
    /// A holder acknowledges changes for as long as others watch its lease.
    case noMargin
    /// A start takes all of a journal that another one goes on from, and not only up to the place where it does.
    case noPlaces
    /// A write that ends after the lease was lost and taken again is acknowledged.
    case anyTenure
    /// A batch is acknowledged when its write begins.
    case earlyAcknowledgement
  }

  /// The outcome of some interleavings.
  package struct Outcome: Sendable {
    /// Interleavings.
    package var runs = 0
    /// Take-overs after the first holder.
    package var takeOvers = 0
    /// Acknowledged changes.
    package var acknowledged = 0
    /// Changes that were refused after their write.
    package var refused = 0
    /// Holders that were frozen or hung between the beginning of a write and its answer.
    package var disturbedWrites = 0
    /// Broken promises.
    package var violations: [String] = []

    /// Begins with no interleaving.
    package init() {}

    /// Adds another outcome.
    package mutating func add(_ other: Outcome) {
      runs += other.runs
      takeOvers += other.takeOvers
      acknowledged += other.acknowledged
      refused += other.refused
      disturbedWrites += other.disturbedWrites
      violations += other.violations
    }
  }

  enum LeaseStep {
    case read
    case readClaims(LeaseFileState, began: Duration)
    case act(LeaseState.Action)
    /// The epoch is announced; the next step creates the claim.
    case create(epoch: Int)
  }

  enum JournalStep {
    case idle
    case create(Batch)
    case write(Batch)
    case synchronize(Batch)
    /// It is safe. The lease is checked.
    case check(Batch)
    /// The journal acknowledged it. The request checks the lease once more.
    case answer(Batch)
  }

  /// The changes of one write.
  struct Batch {
    let commits: [Int]
    let epoch: Int
    /// How often the process had taken the lease.
    let tenure: Int
    /// Where its journal goes on, if this is its first batch.
    let start: JournalStart
    /// All commits of the state with these.
    let history: [Int]
  }

  /// A thread of a process.
  enum Thread: Int, CaseIterable { case lease, restorer, journal }

  struct Process {
    var state: LeaseState
    let kernel: Int
    let offset: Duration
    /// Thousandths by which its clock is fast.
    let rate: Int
    var isAlive = true
    var frozenUntil = Duration.zero
    var wakesAt: [Duration]
    var leaseStep = LeaseStep.read
    /// The headers that the restorer has read, and for which epoch; it reads their commits next.
    var headers: (epoch: Int, all: [JournalHeader])?
    var journalStep = JournalStep.idle
    /// The epoch for which its state is the newest.
    var accepted: Int?
    var tenure = 0
    var start = JournalStart.empty
    /// Whether the journal of its epoch exists.
    var hasJournal = false
    /// The commits of its state.
    var history: [Int] = []
    var waiting: [Int] = []
    var nextChange = Duration.zero
    var name: String { state.holder.name }
  }

  var volume = FencingVolume()
  var processes: [Process] = []
  var outcome = Outcome()
  var now = Duration.zero
  var random: SeededGenerator
  let seed: UInt64
  let fault: Fault?
  let timing: LeaseTiming
  var lastCommit = 0
  /// The commits up to the last one that was acknowledged.
  var acknowledged: [Int] = []
  /// The highest epoch whose holder has seen that it holds it.
  var newestHeld = 0
  /// The number of steps of writes after which the holder is frozen.
  var stepsToFreeze: Int
  private var started = 0

  /// Plays one interleaving.
  ///
  /// - Parameter seed: decides everything.
  package static func run(seed: UInt64, _ fault: Fault? = nil) -> Outcome {
    var simulation = FencingSimulation(seed: seed, fault)
    simulation.play()
    return simulation.outcome
  }

  private init(seed: UInt64, _ fault: Fault?) {
    (self.seed, self.fault) = (seed, fault)
    random = SeededGenerator(seed: seed)
    stepsToFreeze = Int.random(in: 0..<25, using: &random)
    volume.ignoresPlaces = fault == .noPlaces
    let real = LeaseTiming.standard
    timing = LeaseTiming(
      poll: real.poll, holderPoll: real.holderPoll, renewal: real.renewal, watch: real.watch, proof: real.proof,
      confidence: fault == .noMargin ? real.watch : real.confidence, longestGap: real.longestGap)
  }

  private mutating func play() {
    let count = Int.random(in: 2...3, using: &random)
    for _ in 0..<count { startProcess() }
    let end = Duration.seconds(Int.random(in: 20...50, using: &random))
    while now < end, outcome.violations.isEmpty {
      now += .milliseconds(Int.random(in: 0...8, using: &random))
      if processes.count(where: \.isAlive) < count, chance(20) { startProcess() }
      guard let (index, thread) = nextThread() else { continue }
      if disturb(index, thread) { continue }
      switch thread {
      case .lease: stepLease(index)
      case .restorer: stepRestorer(index)
      case .journal: stepJournal(index)
      }
    }
    outcome.runs = 1
    guard let last = volume.restore(volume.headers) else { return violate("a last start is refused") }
    check(last.commits, "a last start")
  }

  private mutating func startProcess() {
    started += 1
    let kernel = Int.random(in: 1...2, using: &random)
    let holder = LeaseHolder(name: "p\(started)", host: "", process: started, bootID: "k\(kernel)")
    processes.removeAll { !$0.isAlive }
    processes.append(
      Process(
        state: LeaseState(holder: holder, timing: timing), kernel: kernel,
        offset: .milliseconds(Int.random(in: 0...7_200_000, using: &random)),
        rate: Int.random(in: -50...50, using: &random), frozenUntil: now,
        wakesAt: Thread.allCases.map { _ in now }, nextChange: now))
  }

  /// A thread that can go on. When there is none, the time is that of the next one.
  private mutating func nextThread() -> (Int, Thread)? {
    var (chosen, count, next): ((Int, Thread)?, Int, Duration) = (nil, 0, .seconds(1_000_000))
    for index in processes.indices where processes[index].isAlive {
      for thread in Thread.allCases {
        let time = max(processes[index].frozenUntil, processes[index].wakesAt[thread.rawValue])
        next = min(next, time)
        guard time <= now else { continue }
        count += 1
        if Int.random(in: 0..<count, using: &random) == 0 { chosen = (index, thread) }
      }
    }
    now = max(now, next)
    return chosen
  }

  /// Makes an event happen in place of a step.
  private mutating func disturb(_ index: Int, _ thread: Thread) -> Bool {
    var isInWrite = false
    if thread == .journal { if case .idle = processes[index].journalStep {} else { isInWrite = true } }
    if isInWrite {
      stepsToFreeze -= 1
      if stepsToFreeze == 0 {
        outcome.disturbedWrites += 1
        // Long enough for a take-over, or for as long as the holder trusts its lease.
        let long = upTo(chance(300) ? 12_000 : 32_000)
        if chance(700) { processes[index].frozenUntil = now + long } else { hang(index, thread, long) }
        return true
      }
    }
    var isCritical = isInWrite
    if thread == .lease {
      switch processes[index].leaseStep {
      case .create, .act(.claim), .act(.write): isCritical = true
      case .read, .readClaims, .act: break
      }
    }
    guard chance(isCritical ? 30 : 2) else { return false }
    if isInWrite { outcome.disturbedWrites += 1 }
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<5: processes[index].frozenUntil = now + upTo(chance(500) ? 1000 : 30_000)
    case 5..<8: hang(index, thread, upTo(chance(500) ? 1000 : 30_000))
    case 8: processes[index].isAlive = false
    default: end(index)
    }
    return true
  }

  /// A thread hangs in a call of the volume, and often the others do, too.
  private mutating func hang(_ index: Int, _ thread: Thread, _ time: Duration) {
    processes[index].wakesAt[thread.rawValue] = now + time
    guard chance(500) else { return }
    for other in Thread.allCases where other != thread {
      processes[index].wakesAt[other.rawValue] = max(
        processes[index].wakesAt[other.rawValue], now + upTo(time.milliseconds))
    }
  }

  /// Its steady clock.
  func clock(_ index: Int) -> Duration { processes[index].offset + now + now * processes[index].rate / 1000 }

  /// Whether a process may acknowledge changes of an epoch.
  func isConfirmed(_ index: Int, _ epoch: Int) -> Bool {
    processes[index].accepted == epoch && processes[index].state.epoch == epoch
      && processes[index].state.mayAcknowledge(at: clock(index))
  }

  /// A state that is restored goes on from the acknowledged one: nothing of that is missing, and nothing is between.
  mutating func check(_ commits: [Int], _ reader: String) {
    if !commits.starts(with: acknowledged) { violate("\(reader) does not go on from the acknowledged state") }
  }

  mutating func violate(_ sentence: String) {
    outcome.violations.append("seed \(seed): \(sentence), at \(now)")
  }

  mutating func upTo(_ milliseconds: Int) -> Duration {
    .milliseconds(Int.random(in: 0...milliseconds, using: &random))
  }

  /// - Parameter share: in thousandths.
  mutating func chance(_ share: Int) -> Bool { Int.random(in: 0..<1000, using: &random) < share }
}
