package import Clocks
import DocumentStore
import DumpDirectory
package import DumpFormat

extension Ladder {
  /// The state of a moment.
  package struct RestoredMoment: Sendable {
    /// The dump that the state begins with, and the state.
    package let restored: Restored
    /// The position of the state, or `nil` for a dump without a number, as Doorman's.
    package let position: JournalPosition?
    /// The time of the last commit that is in the state, or of the dump, in microseconds of Unix time.
    package let time: Int
    /// The commits that were made again.
    package let commits: Int
  }

  /// Loads the state of a moment: the nearest dump before it that loads, with the commits that lead from there.
  ///
  /// - Parameter clock: tells whether a time is still to come.
  /// - Throws: `MomentError`, or the error that kept the volume from being read.
  package func restore(at moment: Moment, clock: WallClock = .system) throws -> RestoredMoment {
    let reading = try history.read()
    let spot: HistorySpot
    switch moment {
    case .time(let time): spot = try find(time, reading, now: clock.microseconds)
    case .position(let position): spot = .position(position)
    }
    let plans: [MomentPlan]
    do throws(MomentError) {
      plans = try MomentPlan.all(to: spot, in: reading.history)
    } catch {
      throw try uncovered(error.description, reading)
    }
    var faults: [String] = []
    for plan in plans {
      do {
        return try load(plan, spot)
      } catch let error as JournalFault where !error.isOfReading {
        faults.append("\(error)")
      } catch let error as LoggedChangeMismatch {
        faults.append("\(error)")
      } catch let error as DumpFormatError where !error.isOfReading {
        faults.append("\(plan.base): \(error)")
      } catch let error as RestoreError {
        faults.append("\(plan.base): \(error)")
      } catch let error as DumpDirectoryError where error.code == .notFound {
        faults.append("\(error)")
      }
    }
    let reason = faults.isEmpty ? "the dump that it begins with is not there" : faults.joined(separator: "; ")
    throw try uncovered("sequence \(spot) can't be restored: \(reason)", reading)
  }

  private var history: HistoryReader { HistoryReader(directory: directory, keyring: keyring) }

  /// Finds the state of a time.
  private func find(_ time: Int, _ reading: HistoryReader.Reading, now: Int) throws -> HistorySpot {
    let name = CivilTime.extended(unixMicroseconds: time)
    guard time <= now else {
      throw MomentError(
        .uncovered,
        "\(name) is still to come: by the clock here it is \(CivilTime.extended(unixMicroseconds: now)). Mind the offset from UTC"
      )
    }
    var search = MomentSearch(time)
    var ranges = CoveredRanges()
    var walk = HistoryWalk(history) { time, spot in
      search.see(time, spot)
      ranges.see(time, spot)
    }
    try walk.run(reading.history)
    switch search.outcome {
    case .found(let spot): return spot
    case .uncovered:
      throw Self.error("nothing here tells the state of \(name)", ranges, reading.faults + walk.faults)
    case .ambiguous(let spots):
      let names = spots.map { "\($0)" }.joined(separator: " or ")
      throw MomentError(
        .ambiguous, "a clock was set back, so \(name) does not name one state; name sequence \(names) instead")
    }
  }

  /// An error that says which moments are covered.
  private func uncovered(_ reason: String, _ reading: HistoryReader.Reading) throws -> MomentError {
    var ranges = CoveredRanges()
    var walk = HistoryWalk(history) { time, spot in ranges.see(time, spot) }
    try walk.run(reading.history)
    return Self.error(reason, ranges, reading.faults + walk.faults)
  }

  private static func error(_ reason: String, _ ranges: CoveredRanges, _ faults: [String]) -> MomentError {
    MomentError(.uncovered, ([reason, ranges.text] + faults).joined(separator: "; "))
  }

  private func load(_ plan: MomentPlan, _ spot: HistorySpot) throws -> RestoredMoment {
    var restored: Restored
    var time: Int
    switch plan.base {
    case .empty(let header):
      guard let path = directory.entry(header.number)?.path,
        let start = CivilTime.unixMicroseconds(of: header.createdAt)
      else { throw JournalFault(header.number, "it is gone") }
      restored = Restored(
        path: path, summary: nil, identity: nil, contents: CollectionLoader(schemas: schemas).finish(), conflicts: [:])
      time = start
    case .dump(let dump):
      restored = try load(dump.path)
      time = dump.time
    }
    var commits = 0
    for step in plan.steps {
      let passage = try history.forEachCommit(of: step.journal, step.limit, most: step.most) { commit in
        for change in commit.changes { try restored.contents.apply(LoggedChange(change)) }
        time = commit.time
        commits += 1
      }
      guard step.most == .max || passage.commits == step.most else {
        throw JournalFault(step.journal, "it has no commit \(step.most), only \(passage.commits)")
      }
    }
    let position: JournalPosition? =
      switch spot {
      case .position(let position): position
      case .dump(let dump): dump.number.map { JournalPosition(journal: $0, commits: 0) }
      }
    return RestoredMoment(restored: restored, position: position, time: time, commits: commits)
  }
}

extension MomentPlan.Base: CustomStringConvertible {
  var description: String {
    switch self {
    case .empty(let header): "the beginning of journal \(header.number)"
    case .dump(let dump): dump.path
    }
  }
}
