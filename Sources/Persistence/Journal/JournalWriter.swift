import Clocks
import DocumentStore
import DumpDirectory
import DumpFormat
import Logging
import Threads

/// The journal's thread: writes what waits while the lease is held.
struct JournalWriter: ~Copyable {
  /// The journal that is being written.
  private struct Open: ~Copyable {
    let number: JournalNumber
    var file: JournalFile
    var sealer: JournalSealer
    /// The commits that were sealed.
    var commits = 0
    /// The commits that are safe, and the tag behind them.
    var safe: (commits: Int, tag: ChunkTag)?

    /// The place behind what is safe.
    var safePlace: JournalPlace? {
      safe.map { JournalPlace(journal: number, commits: $0.commits, tag: $0.tag.text) }
    }
  }

  /// Commits that become one chunk.
  private struct Content {
    var bytes: [UInt8] = []
    var commits = 0
    /// The newest change, as a number of the store.
    var last: UInt64 = 0
  }

  private let line: JournalLine
  private let settings: Journal.Settings
  private let logger: Logger
  private var journal: Open?
  /// The start of the next journal, or `nil` when only a dump can be one.
  private var start: JournalStart?
  /// Whether another process may have written that start.
  private var isStartForeign = false
  private var nextNumber: JournalNumber?
  /// The newest change that is on the volume.
  private var written: UInt64 = 0
  /// The number of times that the lease had been taken when the present journal could begin.
  private var activations = 0
  private var trouble: String?
  private var gatherPolicy = GatherPolicy()
  /// The last acknowledgement, its time, and how long its sync took; `nil` once it was waited for the next changes.
  private var answered: (JournalLine.Answered, at: Duration, sync: Duration)?

  private static let retryPause = Duration.milliseconds(500)
  /// Bytes of content from which on a chunk is full.
  private static let fullChunk = 4 << 20

  init(_ line: JournalLine, _ settings: Journal.Settings, _ logger: Logger) {
    self.line = line
    self.settings = settings
    self.logger = logger
  }

  /// Writes until the line is closed.
  mutating func run() {
    while !line.isClosed {
      guard let tenure = line.tenure else {
        line.wakeup.take(until: .never)
        continue
      }
      if tenure.activations != activations {
        activations = tenure.activations
        beginEpoch(tenure.epoch)
      }
      gather()
      let entries = line.takeAll()
      process(entries)
      if line.hasRefused, settings.isConfirmed() { line.acknowledgeRefused() }
      if entries.isEmpty {
        // Nothing rings when the lease is confirmed again.
        line.wakeup.take(until: line.hasRefused ? Deadline(in: Self.retryPause) : .never)
      } else if case .interval(let pause) = settings.mode {
        line.rest(pause)
      }
    }
  }

  /// Waits for the next changes of those who were just answered, if that pays.
  private mutating func gather() {
    guard case .always = settings.mode, line.waitingEntries > 0, let (answered, time, sync) = answered.take() else {
      return
    }
    guard let patience = gatherPolicy.patience(answered: answered.requests, sync: sync) else { return }
    let wanted = answered.waiting + answered.requests
    let count = line.gather(wanted, until: Deadline(in: time + patience - SteadyClock.now()))
    gatherPolicy.note(answered: answered.requests, came: count - answered.waiting)
  }

  /// Leaves the journal of an epoch that ended. Another task may have gone on from a place in it, and may still be
  /// about to write a journal of an epoch before this one. Only a journal of this epoch stands above that one.
  private mutating func beginEpoch(_ epoch: Int) {
    // The dump before may be all that is left of the start's, and there is no journal that says so.
    if isMissing { leaveToDump() }
    nextNumber = JournalNumber(epoch: epoch, sequence: 0)
    if let open = journal.take() { start = open.safePlace.map { .journal($0) } }
  }

  private mutating func process(_ entries: [JournalLine.Entry]) {
    var content = Content()
    for entry in entries {
      switch entry {
      case .changes(let changes, let sequence, let time, let actor):
        // Without a start, the dump that has to come holds the change.
        guard start != nil || journal != nil else { continue }
        content.commits += 1
        content.last = sequence
        JournalCommit(
          number: (journal?.commits ?? 0) + content.commits, time: time, actor: actor,
          changes: changes.map { JournalChange(LoggedChange($0)) }
        ).encode(into: &content.bytes)
        if content.bytes.count >= Self.fullChunk, !write(&content) { return }
      case .start(let start):
        content = Content()
        journal = nil
        (self.start, isStartForeign) = (start, true)
      case .foreign:
        guard write(&content, evenWithout: true) else { return }
        close()
        start = nil
      case .dump(let order):
        guard write(&content, evenWithout: true) else { return }
        close()
        nextNumber = JournalNumber(order)
        if start == nil { waitForStart(order) }
      case .end:
        guard write(&content, evenWithout: true) else { return }
        let isClosed = close()
        nextNumber = nil
        line.noteEnded(isClosed ? .closed : .open)
      }
    }
    // The dump's state may be another one than that of the journal before. Who follows sees that only in a header. What
    // was refused before the lease was taken again is safe with the header of a journal that goes on from it.
    _ = write(&content, evenWithout: start == .ownDump || !isStartForeign && line.leavesRefused)
  }

  /// Waits for the outcome of a dump that the next journal begins with. Nothing is written before: a journal whose dump
  /// is missing shows that changes are lost, and not that a dump was not finished.
  private mutating func waitForStart(_ order: DumpOrder) {
    while !line.isClosed {
      switch line.outcome(of: order) {
      case .safe?: return start = .ownDump
      // The changes up to the later dump are in it. What follows it in the line goes on from it.
      case .superseded?: return
      case .failed?: return line.noteForeign()
      case nil: line.wakeup.take(until: Deadline(in: Self.retryPause))
      }
    }
  }

  /// Ends the present journal. The next one goes on behind it.
  ///
  /// - Returns: whether it is closed on the volume, also when there was none.
  @discardableResult
  private mutating func close() -> Bool {
    guard var open = journal.take() else { return true }
    start = open.safePlace.map { .journal($0) }
    line.noteBusy(true)
    defer { line.noteBusy(false) }
    do {
      open.file.append(try open.sealer.close())
      try open.file.synchronize()
      line.note(newest: (open.number, open.file.size))
      return true
    } catch {
      // Without this chunk a reader can't tell whether the end is missing. The next journal's header tells it, too.
      logger.notice("a journal could not be closed", metadata: ["path": "\(open.file.path)", "error": "\(error)"])
      return false
    }
  }

  /// Whether a dump was taken and its journal was not begun, as there was no commit since.
  private var isMissing: Bool { isToBegin && nextNumber.map { $0.sequence > 0 } == true }

  /// Whether the present journal was not begun, as there was no commit for it. When a dump comes, or another state, it
  /// has to be. Only it shows that nothing changed since its start: that the next journal can begin with the state of
  /// the dump before, too, and from which place of another task this one went on.
  private var isToBegin: Bool { journal == nil && start != nil && nextNumber != nil }

  /// Writes commits, and waits until they are safe, however long that takes.
  ///
  /// - Parameter isEnding: whether to begin a journal that is missing even without commits, because a dump or another
  ///   state comes.
  /// - Returns: `false` when a dump made that needless: everything that was taken from the line is in it, or has to be
  ///   in the next one.
  private mutating func write(_ content: inout Content, evenWithout isEnding: Bool = false) -> Bool {
    guard content.commits > 0 || isEnding && isToBegin else { return true }
    defer { content = Content() }
    while true {
      if let tenure = line.tenure {
        guard tenure.activations == activations else {
          leaveToDump()
          return false
        }
        do {
          try seal(&content)
          let start = SteadyClock.now()
          try synchronize()
          let sync = SteadyClock.now() - start
          guard let tenure = line.tenure, tenure.activations == activations else { continue }
          if trouble != nil { logger.notice("the journal is written again") }
          trouble = nil
          acknowledge(after: sync)
          return true
        } catch {
          report(error)
        }
      }
      if line.isClosed { return false }
      if let (order, entries) = line.entriesBehindSafeDump() {
        journal = nil
        (start, nextNumber) = (.ownDump, JournalNumber(order))
        line.putBack(entries)
        line.clearTrouble()
        trouble = nil
        return false
      }
      line.rest(Self.retryPause)
    }
  }

  /// The lease was lost and taken again while commits were being written. They are in the state in memory, unless it
  /// was replaced, but the file is one that other tasks don't go on from.
  private mutating func leaveToDump() {
    journal = nil
    start = nil
    // A fault of that file holds changes up no more. Only a change can ask for the dump.
    line.clearTrouble()
    trouble = nil
    line.noteForeign()
  }

  /// Adds the content to the present journal, once.
  private mutating func seal(_ content: inout Content) throws {
    if journal == nil {
      guard let start, let number = nextNumber else { throw DumpDirectoryError(.inputOutput, "", "no journal follows") }
      let now = settings.clock.now()
      let header = JournalHeader(
        number: number, start: start,
        createdAt: CivilTime(unixSeconds: now.seconds).extended(microseconds: now.microseconds),
        writer: settings.program)
      let sealer = try JournalSealer(header, key: settings.keys.present.sealing)
      let file = settings.directory.newJournal(
        number, beginning: sealer.beginning, after: isStartForeign ? start : nil)
      isStartForeign = false
      journal = Open(number: number, file: file, sealer: sealer)
    }
    if content.bytes.isEmpty { return }
    let chunk = try journal?.sealer.seal(content.bytes)
    journal?.file.append(chunk ?? [])
    journal?.commits += content.commits
    content.bytes = []
    written = content.last
  }

  private mutating func synchronize() throws {
    line.noteBusy(true)
    defer { line.noteBusy(false) }
    try journal?.file.synchronize()
    guard let number = journal?.number, let commits = journal?.commits, let tag = journal?.sealer.newest else { return }
    journal?.safe = (commits, tag)
    line.note(newest: (number, journal?.file.size ?? 0))
  }

  private mutating func acknowledge(after sync: Duration) {
    if settings.isConfirmed() {
      answered = (line.acknowledge(through: written, in: activations), SteadyClock.now(), sync)
    } else {
      line.refuse(through: written, in: activations)
    }
  }

  private mutating func report(_ error: any Error) {
    let code = (error as? DumpDirectoryError)?.code
    line.fail(code.sentenceForClients, lasts: true)
    guard trouble != "\(error)" else { return }
    trouble = "\(error)"
    logger.error(
      "the journal can't be written, so changes are refused until it can; reads and calls go on",
      metadata: ["error": "\(error)"])
  }
}
