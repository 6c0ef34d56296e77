import DumpDirectory
import DumpFormat

/// The lease's thread, as `LeaseKeeper` acts.
extension FencingSimulation {
  mutating func stepLease(_ index: Int) {
    switch processes[index].leaseStep {
    case .read:
      processes[index].leaseStep = .readClaims(volume.lease, began: clock(index))
    case .readClaims(let lease, let began):
      readClaims(lease, began, index)
    case .act(let action):
      processes[index].leaseStep = .read
      act(action, index)
    case .create(let epoch):
      create(epoch, index)
      processes[index].leaseStep = .read
    }
  }

  private mutating func readClaims(_ lease: LeaseFileState, _ began: Duration, _ index: Int) {
    let claims = Array(volume.claims.keys)
    let reading = LeaseReading(
      lease: lease, claims: claims, isHolderDead: isDead(lease, claims, index), announcement: volume.announcement)
    let before = processes[index].state.epoch
    let action = processes[index].state.observe(reading, now: began)
    let epoch = processes[index].state.epoch
    if epoch != before { processes[index].accepted = nil }
    if let epoch, !reading.isLost(epoch, by: processes[index].state.holder) { newestHeld = max(newestHeld, epoch) }
    if action == .wait {
      processes[index].leaseStep = .read
      let pause: Duration = epoch == nil ? timing.poll : timing.holderPoll
      processes[index].wakesAt[Thread.lease.rawValue] = now + pause
    } else {
      processes[index].leaseStep = .act(action)
    }
  }

  private func isDead(_ lease: LeaseFileState, _ claims: [Int], _ index: Int) -> Bool {
    let reading = LeaseReading(lease: lease, claims: claims)
    guard let maker = volume.claims[reading.highestEpoch] else { return false }
    return maker.kernel == processes[index].kernel && !processes.contains { $0.name == maker.name && $0.isAlive }
  }

  private mutating func act(_ action: LeaseState.Action, _ index: Int) {
    let clock = clock(index)
    switch action {
    case .wait: break
    case .prepare: processes[index].state.prepared()
    case .claim(let epoch) where processes[index].state.epoch == epoch: create(epoch, index)
    case .claim(let epoch):
      if let other = volume.announcement, other.epoch >= epoch, other.holder != processes[index].name {
        processes[index].state.noteClaimed(epoch: other.epoch)
        processes[index].state.watchAnew()
        return
      }
      volume.announcement = LeaseAnnouncement(epoch: epoch, holder: processes[index].name)
      processes[index].leaseStep = .create(epoch: epoch)
    case .write(let epoch, let renewal, let isReleased):
      write(index, epoch, renewal, isReleased)
      processes[index].state.wrote(epoch: epoch, renewal: renewal, now: clock)
    }
  }

  private mutating func write(_ index: Int, _ epoch: Int, _ renewal: Int, _ isReleased: Bool) {
    volume.lease = .record(
      LeaseRecord(holder: processes[index].state.holder, epoch: epoch, renewal: renewal, isReleased: isReleased))
  }

  private mutating func create(_ epoch: Int, _ index: Int) {
    if let maker = volume.claims[epoch] {
      if maker.name != processes[index].name { processes[index].state.claimFailed(epoch) }
      return
    }
    volume.claims[epoch] = FencingVolume.Maker(name: processes[index].name, kernel: processes[index].kernel)
    processes[index].state.claimed(epoch)
  }

  /// Ends a process in order. What it was writing is not acknowledged, and nothing is written after the release.
  mutating func end(_ index: Int) {
    if case .write(let epoch, let renewal, let isReleased) = processes[index].state.end(),
      !LeaseReading(lease: volume.lease, claims: Array(volume.claims.keys))
        .isLost(epoch, by: processes[index].state.holder)
    {
      write(index, epoch, renewal, isReleased)
    }
    processes[index].isAlive = false
  }
}

/// The threads of the journal and of its restores, as `JournalWriter` and the gateway act, with the requests that wait.
extension FencingSimulation {
  mutating func stepJournal(_ index: Int) {
    switch processes[index].journalStep {
    case .idle: begin(index)
    case .create(let batch):
      volume.create(number(batch.epoch), after: batch.start)
      if processes[index].tenure == batch.tenure { processes[index].hasJournal = true }
      processes[index].journalStep = .write(batch)
    case .write(let batch):
      if fault == .earlyAcknowledgement { acknowledge(batch, index) }
      volume.write(batch.commits, to: number(batch.epoch))
      processes[index].journalStep = .synchronize(batch)
    case .synchronize(let batch): processes[index].journalStep = .check(batch)
    case .check(let batch): settle(batch, index, then: .answer(batch))
    case .answer(let batch):
      // The request checks the lease once more before its answer.
      if settle(batch, index, then: .idle) { acknowledge(batch, index) }
    }
  }

  /// Clients make changes while the lease is confirmed. What waits is one batch.
  private mutating func begin(_ index: Int) {
    guard let epoch = processes[index].accepted, processes[index].state.epoch == epoch else {
      return rest(index, .journal, 1000)
    }
    if processes[index].nextChange <= now, isConfirmed(index, epoch) {
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        lastCommit += 1
        processes[index].waiting.append(lastCommit)
        processes[index].history.append(lastCommit)
      }
      processes[index].nextChange = now + upTo(2000)
    }
    guard !processes[index].waiting.isEmpty else { return rest(index, .journal, 300) }
    let batch = Batch(
      commits: processes[index].waiting, epoch: epoch, tenure: processes[index].tenure,
      start: processes[index].start, history: processes[index].history)
    processes[index].waiting = []
    processes[index].journalStep = processes[index].hasJournal ? .write(batch) : .create(batch)
  }

  /// Checks the lease after a sync.
  ///
  /// - Returns: whether the batch may be acknowledged. Otherwise its requests get an error.
  @discardableResult
  private mutating func settle(_ batch: Batch, _ index: Int, then next: JournalStep) -> Bool {
    let accepted = processes[index].accepted
    let isSame = processes[index].tenure == batch.tenure && accepted == batch.epoch
    let isCertain = accepted.map { isConfirmed(index, $0) } == true
    let mayGoOn = fault == .checkBeforeWriteOnly || isCertain && (isSame || fault == .anyTenure)
    if !mayGoOn { outcome.refused += batch.commits.count }
    processes[index].journalStep = mayGoOn ? next : .idle
    return mayGoOn
  }

  private mutating func acknowledge(_ batch: Batch, _ index: Int) {
    check(batch.history, "\(processes[index].name), which acknowledges changes,")
    acknowledged = batch.history
    outcome.acknowledged += batch.commits.count
    if newestHeld > batch.epoch, fault != .anyTenure {
      violate("\(processes[index].name) acknowledges a change of epoch \(batch.epoch), when \(newestHeld) is held")
    }
  }

  mutating func stepRestorer(_ index: Int) {
    guard let epoch = processes[index].state.epoch, processes[index].accepted != epoch else {
      processes[index].headers = nil
      return rest(index, .restorer, 1000)
    }
    guard let headers = processes[index].headers, headers.epoch == epoch else {
      processes[index].headers = (epoch, volume.headers)
      return
    }
    processes[index].headers = nil
    guard let restored = volume.restore(headers.all) else {
      return violate("\(processes[index].name) can't restore the state in epoch \(epoch)")
    }
    // One that was frozen meanwhile may have lost the lease, and acknowledges nothing.
    if volume.claims.keys.allSatisfy({ $0 <= epoch }) {
      check(restored.commits, "\(processes[index].name), which takes over in epoch \(epoch),")
    }
    if epoch > 1 { outcome.takeOvers += 1 }
    processes[index].accepted = epoch
    processes[index].tenure += 1
    processes[index].history = restored.commits
    processes[index].start = restored.end
    processes[index].hasJournal = false
    processes[index].waiting = []
  }

  private mutating func rest(_ index: Int, _ thread: Thread, _ milliseconds: Int) {
    processes[index].wakesAt[thread.rawValue] = now + upTo(milliseconds)
  }

  private func number(_ epoch: Int) -> JournalNumber {
    guard let number = JournalNumber(epoch: epoch, sequence: 0) else { preconditionFailure("an epoch is a number") }
    return number
  }
}
