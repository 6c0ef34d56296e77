import Clocks
import Threads

/// The part of the thread that waits until enough changes are there for a sync.
extension JournalLine {
  /// The requests that an acknowledgement answered, and the entries that waited then.
  struct Answered {
    let requests: Int
    let waiting: Int
  }

  var waitingEntries: Int { state.withLock { $0.entries.count } }

  /// Waits until there are as many entries, or one that is not to wait, or the line is closed.
  ///
  /// - Returns: the number of entries.
  func gather(_ count: Int, until deadline: Deadline) -> Int {
    state.withLock { $0.gatheredCount = count }
    // Rings that came meanwhile are still to be looked at.
    defer { wakeup.ring() }
    while true {
      let (waiting, isDone) = state.withLock { state -> (Int, Bool) in
        let count = state.entries.count
        let isDone = count >= state.gatheredCount || state.isClosed || state.isUrgent || deadline.isOver
        if isDone { state.gatheredCount = 0 }
        return (count, isDone)
      }
      if isDone { return waiting }
      wakeup.take(until: deadline)
    }
  }
}
