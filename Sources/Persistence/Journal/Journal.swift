package import Clocks
package import DocumentStore
package import DumpDirectory
package import DumpFormat
package import Logging
package import Threads

/// A log that keeps each commit in a journal on the volume before the commit is acknowledged.
///
/// Commits come from the store in order. A thread of its own takes all that wait, seals them as one chunk, writes it
/// and waits until it is safe, so that many writers share one `fdatasync`. It hangs when the volume does; everybody
/// else reads the last known state and waits no longer than `patience`.
package final class Journal: CommitLog {
  /// When a change is acknowledged.
  package enum Mode: Sendable, Equatable {
    /// When it is safe on the volume.
    case always
    /// At once. What waits is written after this time.
    case interval(Duration)
  }

  /// The store's contents are being replaced by a state of the volume, as the start of the next journal names it. `nil`
  /// while they are not, or while the state comes from elsewhere and needs a dump.
  @TaskLocal package static var installedState: JournalStart?

  /// The store takes over commits that another task has in its journals, up to this place. `nil` while it does not.
  @TaskLocal package static var followedState: JournalStart?

  /// Whether each start makes the changes that the store makes now again: those of the environment's accounts, and the
  /// loading of a state of the volume. Nothing takes them back, so clients may see them before the volume has them.
  @TaskLocal package static var comesAgain = false

  /// The time that a change waits for the volume.
  package static let patience = Duration.seconds(10)

  struct Settings: Sendable {
    let directory: DumpDirectory
    /// A journal is encrypted with the newest key when it begins.
    let keys: CurrentKeyring
    let mode: Mode
    /// The program and its version, for headers.
    let program: String
    let clock: WallClock
    /// Whether this process is certain to hold the lease.
    let isConfirmed: @Sendable () -> Bool
  }

  private let mode: Mode
  private let line = JournalLine()
  private let dumpMaker: Lock<DumpMaker?> = Lock(nil)

  /// A way to write a dump. A lock around the bare function would wrap it once more with each access, and for good.
  private struct DumpMaker {
    let make: @Sendable () async throws -> Void
  }

  /// Creates a journal, which follows the store from now on. Nothing is written before `activate`.
  ///
  /// - Parameters:
  ///   - program: the program and its version, for headers.
  ///   - isConfirmed: whether this process is certain to hold the lease, asked before changes are acknowledged.
  /// - Throws: `ThreadError` when the system has no thread for it.
  package init(
    of store: DocumentStore, in directory: DumpDirectory, keys: CurrentKeyring, mode: Mode, program: String,
    clock: WallClock = .system, logger: Logger, isConfirmed: @escaping @Sendable () -> Bool
  ) throws(ThreadError) {
    self.mode = mode
    let (line, settings) = (
      line,
      Settings(
        directory: directory, keys: keys, mode: mode, program: program, clock: clock, isConfirmed: isConfirmed)
    )
    let first = store.subscribe { commit in
      let now = clock.now()
      if let followed = Self.followedState { return line.put(commit, followed: followed) }
      line.put(
        commit, installed: Self.installedState, comesAgain: Self.comesAgain,
        time: now.seconds * 1_000_000 + now.microseconds)
    }
    if case .always = mode { line.keepStates(from: first) }
    try SystemThread.start {
      var writer = JournalWriter(line, settings, logger)
      writer.run()
    }
  }

  deinit { line.close() }

  /// Sets the way to write a dump, for states that journals can't express.
  package func setDump(_ make: @escaping @Sendable () async throws -> Void) {
    dumpMaker.withLock { $0 = DumpMaker(make: make) }
  }

  /// The state of the store, as of now, is one of the volume; `nil`: it is not, and a dump has to come first.
  package func begin(with start: JournalStart?) {
    if let start { line.put(.start(start)) } else { line.beginForeign() }
  }

  /// The journals that a state came from which is put in place next.
  package func note(_ replay: JournalReplay?) {
    line.note(newest: replay?.journals.last.map { (number: $0.number, bytes: $0.bytes) })
  }

  /// The newest journal that the present state came from, with the bytes that were read of it.
  package func note(newest: (number: JournalNumber, bytes: Int)?) { line.note(newest: newest) }

  /// Begins to write, under an epoch of the lease.
  package func activate(epoch: Int) { line.activate(epoch) }

  /// Ends the writing, because the lease is lost. Changes that wait are not acknowledged.
  package func deactivate() { line.deactivate() }

  // MARK: Changes

  /// The volume's fault, or its slowness.
  package var obstacle: String? { line.obstacle }

  /// Waits until the commit is safe, as the mode says.
  package func append(_ commit: Commit) async throws { try await keep(commit.sequence) }

  /// Waits until all commits up to one are safe, as the mode says.
  package func confirm(through sequence: UInt64) async throws {
    if let change = line.unsafeChange(in: sequence) { try await keep(change) }
  }

  private func keep(_ sequence: UInt64) async throws {
    let maker = dumpMaker.withLock { $0 }
    if let maker, line.needsDump(for: sequence) { return try await keep(sequence, with: maker) }
    guard case .always = mode else { return }
    do {
      try await line.wait(for: sequence, until: SteadyClock.now() + Self.patience)
    } catch let error as JournalLine.NotKept where error.needsDump {
      guard let maker else { throw error }
      try await keep(sequence, with: maker)
    }
  }

  /// Waits for a dump that has a commit. While it waits, another task's state may replace the one with the commit.
  private func keep(_ sequence: UInt64, with maker: DumpMaker) async throws {
    try await maker.make()
    if let lost = line.loss(of: sequence) { throw lost }
  }

  /// The time for which an acknowledged change may not be on the volume yet.
  package var delay: Duration { if case .interval(let pause) = mode { pause } else { .zero } }

  /// Waits until the volume has all commits up to one, also where they are acknowledged before.
  package func settle(_ sequence: UInt64) async throws {
    try await line.wait(for: sequence, until: SteadyClock.now() + Self.patience)
  }

  /// Waits as `settle` does, and has the writing begin now.
  package func settleNow(_ sequence: UInt64) async throws {
    line.hurry()
    try await settle(sequence)
  }

  /// The time to close a journal. One that is not closed has its commits all the same.
  package static let closing = Duration.seconds(1)

  /// Waits until the volume has all commits up to one, and closes the journal, so that another task can go on from it.
  ///
  /// - Parameter limit: the time to close it. A volume that hangs is not waited for.
  /// - Returns: whether the journal is closed. If not, the volume has every commit, but not the sign that none follows.
  /// - Throws: when the volume does not have the commits, and only a dump can.
  package func end(through sequence: UInt64, within limit: Duration = Journal.closing) async throws -> Bool {
    try await settleNow(sequence)
    line.put(.end)
    line.hurry()
    let deadline = Deadline(in: limit)
    while line.ending == nil, !deadline.isOver { try await Task.sleep(for: .milliseconds(2)) }
    return line.ending == .closed
  }

  /// The place that a reader of the volume needs to reach to have all changes that are safe.
  package var place: (number: JournalNumber, bytes: Int)? { line.place }

  /// The epoch under which it writes, or `nil` while it does not.
  var epoch: Int? { line.epoch }

  /// Whether a change is acknowledged only when it is safe.
  package var acknowledgesLater: Bool { mode == .always }

  /// The newest change that is safe on the volume, as a number of the store.
  package var safe: UInt64 { line.safe }

  // MARK: Reads

  /// The time that a read waits for the volume. `watch` ends the wait, at its next look.
  private static let readPatience = Duration.milliseconds(500)

  /// Waits until every change of a state is safe, in the mode `always`: a client then sees nothing that a crash, or
  /// another task, takes back. In other modes a change is acknowledged before it is safe, and a read does not wait.
  ///
  /// - Parameter sequence: the state, as a number of the store.
  /// - Returns: `nil` when clients may see the state. If the volume does not answer in time, the newest state that they
  ///   may see in its place. It has every acknowledged change.
  package func waitToShow(_ sequence: UInt64) async -> Snapshot? {
    guard acknowledgesLater, line.maySee(sequence) != true else { return nil }
    if await line.waitToShow(sequence, until: SteadyClock.now() + Self.readPatience) { return nil }
    return line.visible(for: sequence)
  }

  /// Waits as a change does until every change of a state is safe.
  ///
  /// - Returns: whether clients may see the state.
  package func waitLongToShow(_ sequence: UInt64) async -> Bool {
    guard acknowledgesLater, line.maySee(sequence) != true else { return true }
    // Without the lease there is nothing to wait for.
    if line.epoch != nil {
      do { try await confirm(through: sequence) } catch { return line.maySee(sequence) == true }
    }
    return line.maySee(sequence) == true
  }

  /// Waits until the volume has the changes up to one, as far as clients may have seen them.
  package func settleShown(in sequence: UInt64) async throws {
    // In the mode `always` clients see what the volume has, and what each start makes again.
    let change = acknowledgesLater ? line.unsafeVisibleChange(in: sequence) : line.unsafeChange(in: sequence)
    if let change { try await settleNow(change) }
  }

  /// Ends waits that took too long, for as long as the task lives.
  package func watch() async {
    while (try? await Task.sleep(for: .milliseconds(250))) != nil { line.expire(at: SteadyClock.now()) }
  }

  /// Bytes from which on a journal calls for a dump, so that a start does not have to read much more.
  private static let long = 64 << 20

  /// Whether a dump should begin a new journal.
  package var isLong: Bool { line.newest.map { $0.bytes > Self.long } ?? false }

  // MARK: Dumps

  /// A dump of the directory begins. It is called with the dump's snapshot, while no commit happens.
  package func dumpBegins(_ order: DumpOrder) { line.put(.dump(order)) }

  /// A dump is safe on the volume, and holds the changes up to a number of the store.
  package func dumpIsSafe(_ order: DumpOrder, through sequence: UInt64) { line.dumpIsSafe(order, through: sequence) }

  /// A dump was not written.
  package func dumpFailed(_ order: DumpOrder) { line.dumpFailed(order) }

  /// The newest journal that the present state came from or was written to, with its bytes on the volume.
  package var newest: (number: JournalNumber, bytes: Int)? { line.newest }
}
