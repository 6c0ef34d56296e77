package import DumpDirectory
package import DumpFormat

/// Follows the journals that another task writes, from a state that was restored.
///
/// It goes forward from file to file. Whenever the files lead elsewhere than the state that was reached, it says so,
/// and the state has to be restored anew. Its functions block for as long as the volume takes.
package struct JournalFollower: Sendable {
  /// The next part of the history.
  package enum Step: Sendable, Equatable {
    /// Commits that another task wrote, and the place behind them. `isAll` tells that their journal had no more of them
    /// when it was opened for this step.
    case commits([JournalCommit], end: JournalPlace, isAll: Bool)
    /// Nothing more is there.
    case current
    /// More is known to be there, and can't be read yet.
    case waiting
    /// The files do not lead on from the state that was reached.
    case detached(reason: String)
  }

  /// The state that was reached, as the start of a journal that goes on from it.
  package var end: JournalStart
  /// The newest journal that was read, with the bytes that were read of it.
  package private(set) var newest: (number: JournalNumber, bytes: Int)?

  /// The place up to which the state has all journals. A dump has everything before the journal that begins with it.
  var reached: (number: JournalNumber, bytes: Int)? {
    newest ?? base.order.map { (number: JournalNumber($0), bytes: 0) }
  }

  let directory: DumpDirectory
  var keyring: DumpKeyring
  /// The dump that the state came from, until a journal behind it is read.
  let base: JournalBase
  var reader: JournalReader?
  /// The tag of the newest chunk that was read.
  private var tag = ""
  /// The place at which the next journal leaves the present one.
  private var exit: (place: JournalPlace, next: JournalNumber)?
  /// Whether the next journal could not be opened, so that it has to be searched for anew.
  private var isExitInDoubt = false
  private var polls = 0
  /// The looks for the next journal.
  var looks = 0
  /// The holder and the present journal at the last look.
  var lastLook: (holder: Int?, present: JournalNumber?)?

  /// Follows from a restored state.
  package init(_ restored: RestoredOrigin, in directory: DumpDirectory, keyring: DumpKeyring) throws {
    let identity = try restored.summary.map { _ in try directory.identity(of: restored.path, keyring) }
    base = JournalBase(identity: identity, order: restored.summary?.order)
    (self.directory, self.keyring) = (directory, keyring)
    end = restored.replay?.end ?? identity.map { .dump(identity: $0) } ?? .empty
    newest = restored.replay?.journals.last.map { (number: $0.number, bytes: $0.bytes) }
  }

  /// Follows from a state without documents.
  package init(in directory: DumpDirectory, keyring: DumpKeyring) {
    (self.directory, self.keyring) = (directory, keyring)
    (base, end) = (.empty, .empty)
  }

  /// Reads on. The journal is opened anew, and all that is there then is one step, within bounds: each opening takes
  /// several calls of the volume, and a busy writer adds chunks faster than one is read with an opening of its own.
  ///
  /// - Parameters:
  ///   - holder: the epoch of the lease, as far as it is known. Its first journal is asked for by name.
  ///   - isAtEnd: whether the step before, a moment ago, had all commits of its journal (`isAll`). Then the journal is
  ///     not opened again, and only the one behind it is looked for. So `current` is as old as that step.
  /// - Throws: `DumpDirectoryError` or `DumpFormatError` when a file can't be read now. It can be called again: the
  ///   place is as before, and attempts at a damaged file count.
  package mutating func next(holder: Int?, isAtEnd: Bool = false) throws -> Step {
    let before = self
    do {
      let step = try advance(holder, isAtEnd)
      if case .current = step { polls = 0 }
      return step
    } catch let error as DumpDirectoryError where error.code == .notFound {
      return .detached(reason: "the journal that was followed is gone")
    } catch {
      self = before
      guard let fault = error as? DumpFormatError, fault.code == .damaged || fault.code == .malformedContent else {
        throw error
      }
      // Another machine's writes may show in parts at first.
      guard polls > Self.patience else {
        polls += 1
        throw error
      }
      return .detached(reason: "\(error)")
    }
  }

  /// Attempts at a file that does not read as a journal should.
  private static let patience = 50

  /// Bytes of a journal after which a step ends, so that its commits take little memory. A step has one chunk at least,
  /// and its last chunk may reach beyond.
  static let stepBytes = 2 << 20
  /// Commits after which a step ends, in the same way, so that each step soon shows to the reads that wait for it.
  static let stepCommits = 1024

  private mutating func advance(_ holder: Int?, _ isAtEnd: Bool) throws -> Step {
    if reader == nil, case .journal(let place) = end {
      guard try open(place) else { return .detached(reason: "journal \(place.journal) is not as it was") }
    }
    var isRead = isAtEnd
    if isExitInDoubt {
      // The search for it comes before reading, which must not go beyond it.
      (isExitInDoubt, exit, isRead) = (false, nil, true)
    }
    while true {
      if let present = reader {
        if !isRead, let step = try readOn(present) { return step }
        isRead = false
        if let exit {
          guard present.commits == exit.place.commits, tag == exit.place.tag else {
            return present.commits < exit.place.commits
              ? .waiting : .detached(reason: "journal \(exit.next) does not go on from the state that was reached")
          }
          guard try goOn(exit.next) else {
            // That journal may be gone.
            isExitInDoubt = true
            return .waiting
          }
          continue
        }
      }
      switch try findExit(holder) {
      case .none: return .current
      case .detached(let reason): return .detached(reason: reason)
      case .first(let number):
        guard try goOn(number) else { return .waiting }
      case .next(let place, let number): exit = (place, number)
      }
    }
  }

  /// Opens the present journal anew, and reads what is there, up to its end or to the bounds of a step.
  ///
  /// Whole chunks count, whatever follows them. So a fault behind some of them is left to the next step, which begins
  /// with it.
  ///
  /// - Returns: `nil` when no more commits are there.
  private mutating func readOn(_ journal: JournalReader) throws -> Step? {
    let number = journal.header.number
    var reached = journal
    guard let entry = directory.entry(number), try reached.reopen(directory.source(of: entry.path)) else {
      return .detached(reason: "the journal that was followed is gone")
    }
    let (limit, bound) = (exit?.place.commits, reached.position + Self.stepBytes)
    var (commits, isAll): ([JournalCommit], Bool) = ([], false)
    var lastTag: String?
    while !isAll, reached.position < bound, commits.count < Self.stepCommits {
      var present = reached
      do {
        if limit.map({ present.commits < $0 }) ?? true, let batch = try present.next() {
          commits += batch.commits
          lastTag = batch.tag
        } else {
          isAll = true
        }
      } catch {
        guard lastTag != nil else { throw error }
        break
      }
      reached = present
    }
    reader = reached
    newest = (number, reached.position)
    guard let newTag = lastTag else { return nil }
    let place = JournalPlace(journal: number, commits: reached.commits, tag: newTag)
    (end, tag, polls) = (.journal(place), newTag, 0)
    return .commits(commits, end: place, isAll: isAll)
  }

  /// Goes on with a journal that begins with the state that was reached. From now on that state is the one at its
  /// beginning, also when it has no commit: the dump with its number leads to no earlier place.
  ///
  /// - Returns: `false` when its beginning is not whole yet.
  private mutating func goOn(_ number: JournalNumber) throws -> Bool {
    guard try enter(number) else { return false }
    end = .journal(JournalPlace(journal: number, commits: 0, tag: tag))
    return true
  }

  /// Opens a journal at its beginning.
  ///
  /// - Returns: `false` when its beginning is not whole yet.
  private mutating func enter(_ number: JournalNumber) throws -> Bool {
    guard let entry = directory.entry(number), let opened = try JournalReader(directory.source(of: entry.path), keyring)
    else { return false }
    (reader, tag, exit) = (opened, opened.headerTag, nil)
    newest = (number, opened.position)
    return true
  }

  /// Opens the journal that the state came from, behind the commits that it has.
  ///
  /// - Returns: whether they are the same.
  private mutating func open(_ place: JournalPlace) throws -> Bool {
    guard try enter(place.journal), var opened = reader else { return false }
    while opened.commits < place.commits, let batch = try opened.next() { tag = batch.tag }
    guard opened.commits == place.commits, tag == place.tag else { return false }
    reader = opened
    newest = (place.journal, opened.position)
    return true
  }
}
