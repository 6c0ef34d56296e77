import DocumentStore
import DumpDirectory
package import DumpFormat
import Threads

/// The part of a restored state that came from journals.
package struct JournalReplay: Sendable, Equatable {
  /// The restored state, as the start of the next journal.
  package var end: JournalStart
  /// The journals that were read, the newest last, with the bytes that were read of each.
  package var journals: [(number: JournalNumber, bytes: Int)] = []
  /// The commits that were made again.
  package var commits = 0
  /// Bytes at the end of the newest journal that a write left which was cut off.
  package var tornBytes = 0

  package static func == (left: Self, right: Self) -> Bool {
    left.end == right.end && left.commits == right.commits && left.tornBytes == right.tornBytes
      && left.journals.elementsEqual(right.journals, by: ==)
  }
}

/// Makes the commits of journals again in the state of a dump.
struct JournalReplayer {
  let directory: DumpDirectory
  let keyring: DumpKeyring

  /// The journals could not be made again, or not all of them.
  struct Obstacle: Error {
    let failure: Ladder.Failure
    /// Whether the journals lead to a state that another dump may be the base of.
    var isGap = false
  }

  /// A journal whose header was read. It is not kept open, because there may be more journals than descriptors.
  private struct Opened {
    let entry: JournalEntry
    let header: JournalHeader
  }

  /// Makes the commits of the journals that follow a dump again.
  ///
  /// - Parameters:
  ///   - contents: the state of the base. It may be changed in part when an error is thrown.
  ///   - allowsLess: whether to stop before commits that can't be made again.
  ///   - mayHaveGap: whether to make those that follow the base although the newest can't be reached from it.
  /// - Returns: the commits that were made, and the reason why there are not more.
  func replay(
    _ base: JournalBase, into contents: inout LoadedCollections, allowsLess: Bool, mayHaveGap: Bool
  ) throws -> (replay: JournalReplay, failure: Ladder.Failure?) {
    var replay = JournalReplay(end: base.identity.map { .dump(identity: $0) } ?? .empty)
    var failure: Ladder.Failure?
    let opened = try open(allowsLess: allowsLess, newerThan: base.order, &failure)
    let links: [JournalChain.Link]
    switch JournalChain.from(base, through: opened.map(\.header)) {
    case .none: links = []
    case .chain(let chain): links = chain
    case .gap(let newest, let missing, let reachable):
      let gap = Ladder.Failure(
        path: path(newest, opened), fault: .unloadable, isOfJournal: true,
        reason: "its changes can't be restored, because \(missing) is missing")
      guard mayHaveGap else { throw Obstacle(failure: gap, isGap: true) }
      (failure, links) = (failure ?? gap, reachable)
    }
    for link in links {
      guard let journal = opened.first(where: { $0.header.number == link.journal }) else { break }
      do {
        try make(journal, upTo: link.end, again: &contents, &replay)
      } catch let obstacle as Obstacle {
        guard allowsLess else { throw obstacle }
        return (replay, failure ?? obstacle.failure)
      }
    }
    return (replay, failure)
  }

  private func path(_ number: JournalNumber, _ opened: [Opened]) -> String {
    opened.first { $0.header.number == number }?.entry.path ?? directory.location.directory
  }

  /// Opens the journals that may be newer than a dump.
  private func open(
    allowsLess: Bool, newerThan order: DumpOrder?, _ failure: inout Ladder.Failure?
  ) throws -> [Opened] {
    var opened: [Opened] = []
    for entry in try directory.journals() {
      // One that is older than the dump is not needed.
      if let order, entry.number < JournalNumber(order) { continue }
      do {
        guard let reader = try JournalReader(directory.source(of: entry.path), keyring) else { continue }
        guard reader.header.number == entry.number else {
          throw Obstacle(
            failure: Ladder.Failure(
              path: entry.path, fault: .unloadable, isOfJournal: true,
              reason: "its name is not that of its content, journal \(reader.header.number)"))
        }
        opened.append(Opened(entry: entry, header: reader.header))
      } catch let error as DumpDirectoryError where error.code == .notFound && !directory.isListed(entry.name) {
        // It was pruned, because newer dumps hold its changes.
        continue
      } catch {
        let obstacle = (error as? Obstacle)?.failure ?? Self.failure(error, entry.path)
        guard allowsLess else { throw Obstacle(failure: obstacle) }
        failure = failure ?? obstacle
      }
    }
    return opened
  }

  private func make(
    _ journal: Opened, upTo end: JournalPlace?, again contents: inout LoadedCollections, _ replay: inout JournalReplay
  ) throws {
    let path = journal.entry.path
    var reader = try reopen(journal)
    var tag = reader.headerTag
    var turns = Turns(every: 256)
    replay.journals.append((reader.header.number, reader.position))
    do {
      while end.map({ reader.commits < $0.commits }) ?? true, let batch = try reader.next() {
        for commit in batch.commits {
          for change in commit.changes { try contents.apply(LoggedChange(change)) }
          turns.count(commit.changes.count)
        }
        tag = batch.tag
        replay.commits += batch.commits.count
        replay.end = .journal(JournalPlace(journal: reader.header.number, commits: reader.commits, tag: tag))
        replay.journals[replay.journals.count - 1].bytes = reader.position
      }
    } catch {
      throw Obstacle(failure: Self.failure(error, path))
    }
    if let end {
      guard reader.commits == end.commits, tag == end.tag else {
        throw Obstacle(
          failure: Ladder.Failure(
            path: path, fault: .unloadable, isOfJournal: true,
            reason: "it has \(reader.commits) changes, and the journal after it goes on behind \(end.commits) others"))
      }
    } else if case .torn(let bytes) = reader.ending {
      replay.tornBytes = bytes
    }
  }

  private func reopen(_ journal: Opened) throws -> JournalReader {
    let path = journal.entry.path
    do {
      let reader = try JournalReader(directory.source(of: path), keyring)
      if let reader, reader.header == journal.header { return reader }
    } catch {
      throw Obstacle(failure: Self.failure(error, path))
    }
    throw Obstacle(
      failure: Ladder.Failure(
        path: path, fault: .unreadable, isOfJournal: true, reason: "another file took its place while it was read"))
  }

  private static func failure(_ error: any Error, _ path: String) -> Ladder.Failure {
    let fault: Ladder.Fault =
      switch error {
      case let error as DumpFormatError: error.code == .noKey ? .noKey : error.isOfReading ? .unreadable : .unloadable
      case is LoggedChangeMismatch: .unloadable
      default: .unreadable
      }
    return Ladder.Failure(path: path, fault: fault, isOfJournal: true, reason: "\(error)")
  }
}

extension Change {
  /// More bytes than the change takes in a journal.
  var logSize: Int {
    [before, after].compactMap(\.self).reduce(128 + collection.utf8.count) { $0 + $1.bytes.count }
  }
}

extension LoggedChange {
  init(_ change: JournalChange) {
    self.init(collection: change.collection, id: change.id, before: change.before, after: change.after)
  }
}

extension JournalChange {
  init(_ change: LoggedChange) {
    self.init(collection: change.collection, id: change.id, before: change.before, after: change.after)
  }
}
