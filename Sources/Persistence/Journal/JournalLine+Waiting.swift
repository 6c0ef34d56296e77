import DocumentStore
import Threads

/// The requests that wait until changes are safe.
extension JournalLine {
  func wait(for sequence: UInt64, until deadline: Duration) async throws {
    try await withCheckedThrowingContinuation { continuation in
      let result: Result<Void, NotKept>? = state.withLock { state in
        if state.isLost(sequence) { return .failure(Self.replaced) }
        if sequence <= state.safe { return .success(()) }
        if let foreign = state.foreignFrom, sequence >= foreign { return .failure(Self.needsDump) }
        // A state that came from the volume has a number, too, and nothing of it is written again.
        if state.unsafeChange(in: sequence) == nil { return .success(()) }
        if sequence <= state.refused { return .failure(NotKept(description: Self.unconfirmed)) }
        if let trouble = state.trouble { return .failure(NotKept(description: trouble)) }
        guard state.epoch != nil else {
          return .failure(NotKept(description: "this task does not hold the lease of the volume"))
        }
        state.waiters.append(Waiter(sequence: sequence, deadline: deadline, continuation: continuation))
        return nil
      }
      if let result { continuation.resume(with: result) }
    }
  }

  private static let replaced = NotKept(
    description: "another task had the lease meanwhile, and its state replaced this one")

  /// The reason why a commit can't be kept any more, if another state replaced it.
  func loss(of sequence: UInt64) -> NotKept? {
    state.withLock { $0.isLost(sequence) } ? Self.replaced : nil
  }

  /// Ends the waits of the requests whose time is over.
  func expire(at now: Duration) {
    let late = state.withLock { state -> [Waiter] in
      let late = state.waiters.filter { $0.deadline <= now }
      if !late.isEmpty { state.waiters.removeAll { $0.deadline <= now } }
      return late
    }
    for waiter in late { waiter.continuation.resume(throwing: NotKept(description: "the volume does not answer")) }
    endReads(at: now)
  }

  // MARK: Reads

  /// Keeps the states from now on, so that reads need not show one that is not safe.
  func keepStates(from snapshot: Snapshot) { state.withLock { $0.visible.begin(with: snapshot) } }

  /// The newest change of a state that is not safe, or `nil` when all of it is.
  func unsafeChange(in sequence: UInt64) -> UInt64? { state.withLock { $0.unsafeChange(in: sequence) } }

  /// The newest state that clients may see in the place of one, or `nil` when they may see that one.
  func visible(for sequence: UInt64) -> Snapshot? {
    state.withLock { $0.isVisible(sequence) ? nil : $0.visible.newest }
  }

  /// Whether clients may see a state, or `nil` when a read of it has to wait.
  func maySee(_ sequence: UInt64) -> Bool? { state.withLock { $0.maySee(sequence) } }

  /// Waits until clients may see a state.
  ///
  /// - Returns: whether they may.
  func waitToShow(_ sequence: UInt64, until deadline: Duration) async -> Bool {
    await withCheckedContinuation { continuation in
      let answer = state.withLock { state -> Bool? in
        if let answer = state.maySee(sequence) { return answer }
        let change = min(sequence, state.lastChange)
        state.readers.append(Reader(sequence: change, deadline: deadline, continuation: continuation))
        return nil
      }
      if let answer { continuation.resume(returning: answer) }
    }
  }

  /// The newest change of a state that clients see although it is not safe.
  func unsafeVisibleChange(in sequence: UInt64) -> UInt64? {
    state.withLock { state in
      state.visible.newest.flatMap { state.unsafeChange(in: min(sequence, $0.sequence)) }
    }
  }

  /// Answers the reads whose changes are safe, and those whose time is over.
  func endReads(at now: Duration = .zero) {
    let (ended, retired) = state.withLock { ($0.takeReaders(at: now), $0.visible.takeRetired()) }
    defer { withExtendedLifetime(retired) {} }
    for reader in ended.safe { reader.continuation.resume(returning: true) }
    for reader in ended.late { reader.continuation.resume(returning: false) }
  }
}

extension JournalLine.State {
  func unsafeChange(in sequence: UInt64) -> UInt64? {
    let change = min(sequence, lastChange)
    return change > safe ? change : nil
  }

  func isVisible(_ sequence: UInt64) -> Bool {
    guard let visible = visible.newest else { return true }
    // A request may have taken the state just before another one replaced it.
    if isLost(sequence) { return false }
    guard let change = unsafeChange(in: sequence) else { return true }
    return visible.sequence >= change
  }

  func maySee(_ sequence: UInt64) -> Bool? {
    if isVisible(sequence) { return true }
    // Without the lease no wait makes the change safe.
    if epoch == nil || isClosed || isLost(sequence) { return false }
    // While the volume hangs, only the first reads wait.
    return min(sequence, lastChange) <= awaited ? false : nil
  }

  mutating func takeReaders(at now: Duration) -> (safe: [JournalLine.Reader], late: [JournalLine.Reader]) {
    guard !readers.isEmpty else { return ([], []) }
    let (bound, all, isOver) = (safe, readers, epoch == nil || isClosed)
    let others = all.filter { $0.sequence > bound }
    let late = others.filter { isOver || $0.deadline <= now }
    readers = isOver ? [] : others.filter { $0.deadline > now }
    if !isOver { awaited = late.reduce(awaited) { max($0, $1.sequence) } }
    return (all.filter { $0.sequence <= bound }, late)
  }
}
