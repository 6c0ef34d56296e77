import DumpFormat

extension JournalLine {
  struct Waiter {
    let sequence: UInt64
    let deadline: Duration
    let continuation: CheckedContinuation<Void, any Error>
  }

  /// A read that waits until a change which it shows is safe.
  struct Reader {
    let sequence: UInt64
    let deadline: Duration
    let continuation: CheckedContinuation<Bool, Never>
  }

  /// The outcome of closing a journal.
  enum Ending {
    case closed
    /// The volume did not take the last chunk.
    case open
  }

  struct State {
    var entries: [Entry] = []
    /// The thread wants to hear of no change before this number of entries waits.
    var gatheredCount = 0
    var waiters: [Waiter] = []
    var readers: [Reader] = []
    /// The newest change that the volume has to get, or 0 while the state is as it came from there.
    var lastChange: UInt64 = 0
    /// Changes up to this one are safe.
    var safe: UInt64 = 0
    var visible = VisibleStates()
    /// The newest change for which a read waited in vain.
    var awaited: UInt64 = 0
    /// Changes up to this one were written while the lease was not confirmed.
    var refused: UInt64 = 0
    /// The number of times that the lease was taken by then.
    var refusedIn = 0
    /// The epoch of the lease, or `nil` while nothing may be written.
    var epoch: Int?
    /// The number of times that the lease was taken.
    var activations = 0
    /// Changes between two numbers, both excluded, were replaced by a state of the volume before they were safe.
    var lost: [(after: UInt64, before: UInt64)] = []
    var isClosed = false
    /// From this change on, nothing is kept before a dump.
    var foreignFrom: UInt64?
    /// The dump that put an end to that last. A journal that begins with it follows at once.
    var foreignDump: DumpOrder?
    /// Somebody waits for what is acknowledged before it is safe.
    var isUrgent = false
    /// The outcome of closing the last journal for another task, once it is known.
    var ending: Ending?
    /// The newest dump that is safe, with the last change that it holds.
    var safeDump: (order: DumpOrder, through: UInt64)?
    var failedDump: DumpOrder?
    var trouble: String?
    var busySince: Duration?
    var newest: (number: JournalNumber, bytes: Int)?
  }
}

extension JournalLine.State {
  /// The state changes in a way that only a dump can hold.
  mutating func addForeign(_ sequence: UInt64) {
    entries.append(.foreign(sequence: sequence))
    lastChange = sequence
    if foreignFrom == nil { foreignFrom = sequence }
  }

  /// Changes are on the volume that were refused, and the lease was not lost since.
  var hasRefused: Bool { epoch != nil && refused > safe && refusedIn == activations }

  /// Changes were refused that are still not safe, and the lease was lost since.
  var leavesRefused: Bool { refused > safe && refusedIn != activations }

  func isLost(_ sequence: UInt64) -> Bool { lost.contains { $0.after < sequence && sequence < $0.before } }

  mutating func take(through sequence: UInt64) -> [JournalLine.Waiter] {
    safe = max(safe, sequence)
    visible.advance(to: safe)
    let (bound, all) = (safe, waiters)
    waiters = all.filter { $0.sequence > bound }
    return all.filter { $0.sequence <= bound }
  }
}
