package import Clocks
package import DumpDirectory
package import DumpFormat

extension Ladder.Restored {
  /// The position of the state, or `nil` for a dump without a number, as Doorman's, that no journal follows.
  package var position: JournalPosition? {
    if case .journal(let place)? = replay?.end {
      return JournalPosition(journal: place.journal, commits: place.commits)
    }
    return summary?.order.map { JournalPosition(journal: JournalNumber($0), commits: 0) }
  }
}

/// A journal without commits. It shows from which state the writer of an epoch went on, before a dump puts another
/// state in its place.
package struct HistoryMark: Sendable {
  private let directory: DumpDirectory
  private let keyring: DumpKeyring
  private let program: String
  private let clock: WallClock

  /// - Parameter program: the program that writes, with its version.
  package init(in directory: DumpDirectory, keyring: DumpKeyring, program: String, clock: WallClock = .system) {
    self.directory = directory
    self.keyring = keyring
    self.program = program
    self.clock = clock
  }

  /// Writes the mark, and waits until it is safe.
  ///
  /// - Parameters:
  ///   - epoch: an epoch of the lease under which nothing was written yet.
  ///   - start: the present state, which another process wrote.
  package func write(epoch: Int, after start: JournalStart) throws {
    guard let number = JournalNumber(epoch: epoch, sequence: 0) else { return }
    let header = JournalHeader(
      number: number, start: start, createdAt: CivilTime.extended(unixMicroseconds: clock.microseconds),
      writer: program)
    var sealer = try JournalSealer(header, key: keyring.sealing)
    var file = directory.newJournal(number, beginning: sealer.beginning, after: start)
    file.append(try sealer.close())
    try file.synchronize()
  }
}
