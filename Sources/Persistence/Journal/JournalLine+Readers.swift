import DumpFormat
import Threads

/// The part for readers of the volume that wait for changes.
extension JournalLine {
  /// The journal that has all changes that are safe, with its bytes.
  var place: (number: JournalNumber, bytes: Int)? {
    state.withLock { state in
      guard let dump = state.foreignDump.map({ JournalNumber($0) }) else { return state.newest }
      // The journal's beginning may not be written yet.
      return state.newest.map { $0.number >= dump } == true ? state.newest : (dump, 1)
    }
  }

  /// Writes what waits now, without the pause of the mode `interval`.
  func hurry() {
    state.withLock { $0.isUrgent = true }
    wakeup.ring()
  }

  func takeHurry() -> Bool {
    state.withLock { state in
      defer { state.isUrgent = false }
      return state.isUrgent
    }
  }

  /// The outcome of closing the last journal for another task, once it is known.
  var ending: Ending? { state.withLock { $0.ending } }

  func noteEnded(_ ending: Ending) { state.withLock { $0.ending = ending } }
}
