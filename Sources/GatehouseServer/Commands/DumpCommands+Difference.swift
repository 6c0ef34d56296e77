import Clocks
import DocumentStore
import DumpDirectory
import DumpFormat
import DumpReports
import Glibc
import JSON
import Model
import Persistence

extension DumpCommands {
  /// The exit code for two states that differ, as that of diff(1).
  private static let differs: Int32 = 1

  /// Shows which documents differ between two states. The process ends with 1 when some do.
  ///
  /// - Parameters:
  ///   - before: the state that counts as the older one: a dump, or as `StateReference` reads it.
  ///   - after: the state that counts as the newer one.
  package func difference(from before: String, to after: String, json: Bool) {
    let (old, new) = (state(before), state(after))
    let report = DifferenceReport(
      from: old.state, to: new.state, old.snapshot.comparison(with: new.snapshot).map(CollectionDifferences.init),
      guide: .model)
    if json {
      report.writeJSON { print($0, terminator: "") }
    } else {
      report.writeText { print($0) }
    }
    if !report.isSame { exit(Self.differs) }
  }

  private typealias Loaded = (state: DifferenceReport.State, snapshot: Snapshot)

  private var ladder: Ladder { Ladder(directory: directory, keyring: keyring, schemas: Collections.schemas) }

  private func state(_ text: String) -> Loaded {
    let reference = StateReference(text)
    let path = directory.path(named: text)
    // A file may have a name that reads as a moment.
    guard let moment = reference.moment, access(path, F_OK) != 0 else { return dump(path) }
    do throws(MomentError) {
      let moment = try Moment(moment)
      if let name = reference.dump { check(directory.path(named: name), isBefore: moment) }
      return self.moment(moment)
    } catch {
      Program.complain("\(text): \(error)")
      exit(EX_USAGE)
    }
  }

  private func dump(_ path: String) -> Loaded {
    do {
      let restored = try ladder.load(path)
      let state = DifferenceReport.State(
        path: path, createdAt: restored.createdAt, documents: restored.documents)
      return (state, restored.contents.snapshot)
    } catch {
      fail(path, error)
    }
  }

  private func moment(_ moment: Moment) -> Loaded {
    do {
      let found = try ladder.restore(at: moment)
      let state = DifferenceReport.State(
        path: found.restored.path, sequence: found.position?.description,
        createdAt: CivilTime.extended(unixMicroseconds: found.time), documents: found.restored.documents)
      return (state, found.restored.contents.snapshot)
    } catch {
      fail(location.directory, error)
    }
  }

  /// Ends the process when a dump was made after a moment, of which it can then tell nothing.
  private func check(_ path: String, isBefore moment: Moment) {
    do {
      let header = try directory.open(path).inspect(keyring).header
      let isBefore =
        switch moment {
        case .time(let time): CivilTime.unixMicroseconds(of: header.createdAt).map { $0 <= time }
        case .position(let position): header.order.map { JournalNumber($0) <= position.journal }
        }
      guard isBefore == false else { return }
      Program.complain("\(path): this dump was made after the moment; name an older one, or leave the name out")
      exit(EX_USAGE)
    } catch {
      fail(path, error)
    }
  }
}

extension Moment {
  fileprivate init(_ typed: StateReference.Moment) throws(MomentError) {
    switch typed {
    case .time(let text): try self.init(time: text)
    case .sequence(let text): try self.init(sequence: text)
    }
  }
}

extension CollectionDifferences {
  fileprivate init(_ comparison: CollectionComparison) {
    self.init(
      name: comparison.collection, removed: comparison.removed.count, changed: comparison.changed.count,
      added: comparison.added.count
    ) { take in
      for document in comparison.removed { take(.removed(document.object)) }
      for (before, after) in comparison.changed { take(.changed(before: before.object, after: after.object)) }
      for document in comparison.added { take(.added(document.object)) }
    }
  }
}
