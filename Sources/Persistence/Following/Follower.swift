import Clocks
package import DocumentStore
package import DumpDirectory
package import DumpFormat
import Threads

/// Keeps the store of a task without the lease at the state of the holder, by the holder's journals.
package actor Follower {
  /// How far the store is behind.
  package enum Progress: Sendable, Equatable {
    /// The store has every commit that could be read.
    case current
    /// A journal or a part of it is known and can't be read yet.
    case waiting
    /// The state has to be restored anew.
    case detached(reason: String)
  }

  /// The store's state in comparison with the directory.
  package enum Standing: Sendable, Equatable {
    /// It is the newest, as the start of the next journal names it, with the dump that it equals or came from.
    case newest(start: JournalStart, dump: Dumper.Origin?)
    /// Another state is newer.
    case older
  }

  /// The end of what was read of the newest journal.
  package struct Place: Sendable, Equatable {
    let number: JournalNumber
    let bytes: Int
  }

  private let store: DocumentStore
  private let directory: DumpDirectory
  private let keys: CurrentKeyring
  private let thread = Worker.started()
  private let currentAt: Lock<Duration?> = Lock(nil)
  private let position: Lock<Place?> = Lock(nil)
  private var follower: JournalFollower? {
    didSet {
      let reached = follower?.reached
      position.withLock { $0 = reached.map { Place(number: $0.number, bytes: $0.bytes) } }
    }
  }

  /// A follower for a store, which follows nothing yet.
  package init(_ store: DocumentStore, in directory: DumpDirectory, keys: CurrentKeyring) {
    (self.store, self.directory, self.keys) = (store, directory, keys)
  }

  /// A follower whose keys stay the same.
  package init(_ store: DocumentStore, in directory: DumpDirectory, keyring: DumpKeyring) {
    self.init(store, in: directory, keys: CurrentKeyring(keyring))
  }

  /// The time since the store was last known to be current, or `nil` before it was.
  package nonisolated var lag: Duration? { currentAt.withLock { $0 }.map { SteadyClock.now() - $0 } }

  /// The place up to which the store has the commits, or `nil` when it follows nothing.
  package nonisolated var place: Place? { position.withLock { $0 } }

  /// Whether the store has the commits of a journal up to a number of its bytes.
  package nonisolated func hasReached(_ number: JournalNumber, bytes: Int) -> Bool {
    guard let reached = place else { return false }
    return reached.number == number ? reached.bytes >= bytes : reached.number > number
  }

  /// The state of the store was just restored.
  package func begin(with restored: Ladder.Restored) async throws {
    let (directory, keyring) = (directory, keys.present)
    let origin = RestoredOrigin(restored)
    follower = try await thread.perform { try JournalFollower(origin, in: directory, keyring: keyring) }
  }

  /// The store is empty, and so is the directory.
  package func beginEmpty() { follower = JournalFollower(in: directory, keyring: keys.present) }

  /// The state of the store is this task's own from now on.
  package func end() {
    follower = nil
    currentAt.withLock { $0 = nil }
  }

  /// Makes the holder's commits in the store, up to the newest.
  ///
  /// - Parameter holder: the epoch of the lease, as far as it is known.
  /// - Throws: when a file can't be read now. It can be called again.
  package func catchUp(holder: Int?) async throws -> Progress {
    // A time before the journal was opened to whose end the store has it. If nothing is behind that end, the store was
    // current then.
    var began = SteadyClock.now()
    var isAtEnd = false
    while true {
      guard let present = follower else { return .detached(reason: "the state here did not come from the volume") }
      let (keyring, wasAtEnd) = (keys.present, isAtEnd)
      let (next, result) = try await thread.perform {
        var next = present
        next.keyring = keyring
        let result = Result { try next.next(holder: holder, isAtEnd: wasAtEnd) }
        return (next, result)
      }
      if case .failure = result { follower = next }
      switch try result.get() {
      case .commits(let commits, let end, let isAll):
        // A commit that does not fit leaves the follower where it was, and the state has to be restored.
        do throws(LoggedChangeMismatch) {
          try apply(commits, end: .journal(end))
        } catch {
          follower = nil
          return .detached(reason: error.description)
        }
        follower = next
        isAtEnd = isAll
        if !isAll { began = SteadyClock.now() }
      case .current:
        follower = next
        currentAt.withLock { $0 = began }
        return .current
      case .waiting:
        follower = next
        return .waiting
      case .detached(let reason):
        follower = nil
        return .detached(reason: reason)
      }
    }
  }

  /// Makes the rest of the commits, and compares the result with the directory. Only the holder of the lease asks, so
  /// nobody else writes.
  package func standing(holder: Int) async throws -> Standing {
    guard try await catchUp(holder: holder) == .current, let present = follower else { return .older }
    let (next, standing) = try await thread.perform {
      var next = present
      let standing = try next.standing(holder: holder)
      return (next, standing)
    }
    follower = next
    return standing
  }

  /// The newest journal that was read, with the bytes that were read of it.
  package var newest: (number: JournalNumber, bytes: Int)? { follower?.newest }

  private func apply(_ commits: [JournalCommit], end: JournalStart) throws(LoggedChangeMismatch) {
    let store = store
    // The task-local value loses the type of the error.
    let result = Journal.$followedState.withValue(end) {
      Result { () throws(LoggedChangeMismatch) in
        _ = try store.write { (transaction) throws(LoggedChangeMismatch) in
          for commit in commits {
            for change in commit.changes { try transaction.apply(LoggedChange(change)) }
          }
        }
      }
    }
    try result.get()
  }
}

/// The place from which a restored state came.
package struct RestoredOrigin: Sendable {
  /// The absolute path of the dump.
  package let path: String
  /// The dump's header, or `nil` when no dump holds the state yet.
  package let summary: DumpSummary?
  /// The changes since the dump.
  package let replay: JournalReplay?

  /// The origin of a state, without its documents.
  package init(_ restored: Ladder.Restored) {
    (path, summary, replay) = (restored.path, restored.summary, restored.replay)
  }
}
