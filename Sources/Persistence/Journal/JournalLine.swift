import Clocks
import DocumentStore
import DumpFormat
import Threads

/// The commits that wait for the journal's thread, and the requests that wait for their commits.
final class JournalLine: Sendable {
  enum Entry: Sendable {
    case changes([Change], sequence: UInt64, time: Int, actor: String?)
    /// The store's state is one of the volume.
    case start(JournalStart)
    /// The store's state is none of the volume, so a dump has to come.
    case foreign(sequence: UInt64)
    /// A dump's snapshot was taken.
    case dump(DumpOrder)
    /// Nothing follows: another task goes on.
    case end
  }

  enum Outcome {
    case safe
    /// A later dump is safe.
    case superseded
    case failed
  }

  /// A change was not kept.
  struct NotKept: Error, CustomStringConvertible {
    let description: String
    /// Whether a dump can hold it.
    var needsDump = false
  }

  /// Bytes of the largest commit that a journal takes.
  private static let largestCommit = 16 << 20
  /// A journal that is this far behind takes no more changes.
  private static let mostEntries = 100_000
  /// The time from which on a call of the volume counts as hanging.
  private static let longCall = Duration.seconds(2)

  let state = Lock(State())
  let wakeup = Wakeup()

  // MARK: The store's side

  /// Adds a commit.
  ///
  /// - Parameter comesAgain: see `Journal.comesAgain`.
  func put(_ commit: Commit, installed: JournalStart?, comesAgain: Bool = false, time: Int) {
    let (isAwaited, retired) = state.withLock { state in
      let neededDump = state.foreignFrom != nil
      add(commit, installed, time, to: &state)
      if case .everything = commit.scope, comesAgain || installed != nil {
        state.visible.replace(with: commit.snapshot)
      } else {
        state.visible.add(
          commit.snapshot, comesAgain: comesAgain, needsDump: neededDump && state.foreignFrom != nil)
      }
      return (state.entries.count >= state.gatheredCount, state.visible.takeRetired())
    }
    if isAwaited { wakeup.ring() }
    withExtendedLifetime(retired) {}
  }

  private func add(_ commit: Commit, _ installed: JournalStart?, _ time: Int, to state: inout State) {
    let changes: [Change]
    switch commit.scope {
    case .documents(let all): changes = all
    case .everything(let all):
      changes = installed == nil ? [] : all
      if let installed {
        state.lost.append((after: state.safe, before: commit.sequence))
        state.entries = [.start(installed)]
        state.foreignFrom = nil
        state.lastChange = 0
      } else {
        state.addForeign(commit.sequence)
      }
    }
    // No chunk holds it, so a dump has to.
    guard changes.reduce(0, { $0 + $1.logSize }) <= Self.largestCommit else {
      return state.addForeign(commit.sequence)
    }
    if !changes.isEmpty {
      state.entries.append(.changes(changes, sequence: commit.sequence, time: time, actor: commit.actor))
      state.lastChange = commit.sequence
    }
  }

  /// The commit is one that another task's journals have.
  func put(_ commit: Commit, followed: JournalStart) {
    let retired = state.withLock { state in
      if state.safe + 1 < commit.sequence { state.lost.append((after: state.safe, before: commit.sequence)) }
      state.safe = commit.sequence
      state.visible.replace(with: commit.snapshot)
      state.entries = [.start(followed)]
      state.foreignFrom = nil
      return state.visible.takeRetired()
    }
    withExtendedLifetime(retired) {}
  }

  func beginForeign() {
    state.withLock { state in
      state.entries = [.foreign(sequence: 0)]
      state.foreignFrom = 0
    }
  }

  func put(_ entry: Entry) {
    state.withLock { state in
      if case .dump = entry { state.visible.dumpBegins() }
      state.entries.append(entry)
      state.gatheredCount = 0
    }
    wakeup.ring()
  }

  // MARK: The requests' side

  var safe: UInt64 { state.withLock { $0.safe } }

  var newest: (number: JournalNumber, bytes: Int)? { state.withLock { $0.newest } }

  func needsDump(for sequence: UInt64) -> Bool {
    state.withLock { state in state.foreignFrom.map { sequence >= $0 && sequence > state.safe } ?? false }
  }

  /// The reason why no further change can be kept now.
  var obstacle: String? {
    let (trouble, busySince, count) = state.withLock { ($0.trouble, $0.busySince, $0.entries.count) }
    if let trouble { return trouble }
    if let busySince, SteadyClock.now() - busySince > Self.longCall {
      return "the volume has not answered for \((SteadyClock.now() - busySince).milliseconds / 1000) seconds"
    }
    return count > Self.mostEntries ? "the volume is too slow for so many changes; try again" : nil
  }

  // MARK: Lease and dumps

  func activate(_ epoch: Int) {
    state.withLock { state in
      if state.epoch != epoch { state.activations += 1 }
      state.epoch = epoch
    }
    wakeup.ring()
  }

  func deactivate() {
    state.withLock { $0.epoch = nil }
    fail("this task lost the lease of the volume", lasts: false)
    endReads()
    wakeup.ring()
  }

  func dumpIsSafe(_ order: DumpOrder, through sequence: UInt64) {
    let done = state.withLock { state -> [Waiter] in
      state.safeDump = (order, sequence)
      state.visible.dumpEnds()
      if let foreign = state.foreignFrom, foreign <= sequence {
        state.foreignFrom = nil
        state.foreignDump = order
      }
      return state.take(through: sequence)
    }
    for waiter in done { waiter.continuation.resume() }
    endReads()
    wakeup.ring()
  }

  func dumpFailed(_ order: DumpOrder) {
    state.withLock { state in
      state.failedDump = order
      state.visible.dumpEnds()
    }
    wakeup.ring()
  }

  // MARK: The thread's side

  var epoch: Int? { state.withLock { $0.epoch } }

  /// The epoch of the lease, and how often the lease was taken up to then; `nil` while it is not held.
  var tenure: (epoch: Int, activations: Int)? {
    state.withLock { state in state.epoch.map { ($0, state.activations) } }
  }

  var isClosed: Bool { state.withLock { $0.isClosed } }

  /// Ends the thread.
  func close() {
    state.withLock { $0.isClosed = true }
    fail("the journal has ended", lasts: true)
    endReads()
    wakeup.ring()
  }

  /// Waits, whatever comes, unless the line is closed or somebody is in a hurry.
  func rest(_ pause: Duration) {
    let deadline = Deadline(in: pause)
    while !deadline.isOver, !isClosed, !takeHurry() { wakeup.take(until: deadline) }
    // Rings that came meanwhile are still to be looked at.
    wakeup.ring()
  }

  func takeAll() -> [Entry] {
    state.withLock { state in
      // All that was hurried is among them.
      state.isUrgent = false
      defer { state.entries = [] }
      return state.entries
    }
  }

  /// Puts entries back that were not written.
  func putBack(_ entries: [Entry]) { state.withLock { $0.entries = entries + $0.entries } }

  /// The entries behind the snapshot of the newest safe dump, if it is among those that wait.
  func entriesBehindSafeDump() -> (order: DumpOrder, entries: [Entry])? {
    state.withLock { state in
      guard let safe = state.safeDump else { return nil }
      let place = state.entries.lastIndex { if case .dump(safe.order) = $0 { true } else { false } }
      guard let place else { return nil }
      defer { state.entries = [] }
      return (safe.order, Array(state.entries[(place + 1)...]))
    }
  }

  /// The outcome of a dump, once it is known.
  func outcome(of order: DumpOrder) -> Outcome? {
    state.withLock { state in
      if let safe = state.safeDump?.order, safe >= order { return safe == order ? .safe : .superseded }
      // Dumps don't overlap, so before a later one fails, this one has.
      return state.failedDump.map { $0 >= order } == true ? .failed : nil
    }
  }

  /// Only a dump can hold the changes that are not safe, unless a state of the volume has replaced them.
  func noteForeign() {
    let waiters = state.withLock { state -> [Waiter] in
      if case .start? = state.entries.first { return [] }
      state.foreignFrom = state.foreignFrom ?? state.safe + 1
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.continuation.resume(throwing: Self.needsDump) }
  }

  func clearTrouble() { state.withLock { $0.trouble = nil } }

  func noteBusy(_ isBusy: Bool) { state.withLock { $0.busySince = isBusy ? SteadyClock.now() : nil } }

  func note(newest: (number: JournalNumber, bytes: Int)?) { state.withLock { $0.newest = newest } }

  /// Changes up to one are safe, and their requests are answered, unless the lease was lost since.
  ///
  /// - Parameter activations: the number of times that the lease was taken when they were written.
  func acknowledge(through sequence: UInt64, in activations: Int) -> Answered {
    let (done, waiting) = state.withLock { state -> ([Waiter], Int) in
      guard state.epoch != nil, state.activations == activations else { return ([], 0) }
      state.trouble = nil
      return (state.take(through: sequence), state.entries.count)
    }
    for waiter in done { waiter.continuation.resume() }
    endReads()
    return Answered(requests: done.count, waiting: waiting)
  }

  /// The requests that wait are answered with an error.
  ///
  /// - Parameter lasts: whether later changes are refused, too, until an acknowledgement.
  func fail(_ reason: String, lasts: Bool) {
    let waiters = state.withLock { state -> [Waiter] in
      if lasts { state.trouble = reason }
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.continuation.resume(throwing: NotKept(description: reason)) }
  }
}
