import Clocks
import DumpDirectory
import DumpFormat
import DumpReports
import Foundation
import Logging
import Retention
import Synchronization
import TestSupport
import Testing

@testable import Sidecar

@Suite("Copies of another history")
struct CopyLineageTests {
  /// A volume in its third epoch, with all of it copied.
  private static func older(_ copies: CopyFixture, below root: URL) throws -> JournalFixture {
    let volume = try JournalFixture(volume: "older", below: root)
    let place = try volume.journal(0, epoch: 3, .empty, at: 0)
    try volume.dump(1, epoch: 3, at: 100)
    try volume.journal(1, epoch: 3, place, at: 110, closes: false)
    try copies.copyAll(volume)
    return volume
  }

  /// A volume that began empty, later.
  private static func newer(below root: URL) throws -> JournalFixture {
    let volume = try JournalFixture(volume: "new", below: root)
    try volume.lease(epoch: 1)
    let place = try volume.journal(0, .empty, at: 10_000)
    try volume.dump(1, at: 10_100)
    try volume.journal(1, place, at: 10_110, closes: false)
    return volume
  }

  private static func removeNotes(in directory: URL) throws {
    try FileManager.default.removeItem(at: directory.appending(path: ".gatehouse-sidecar-d.json"))
  }

  private static func isForeign(_ finding: CopyLineage.Finding) -> Bool {
    if case .foreign = finding { true } else { false }
  }

  @Test("stay as they are: a volume that began anew copies nothing there, and says so once")
  func refused() async throws {
    try await withCopies { copies, root in
      _ = try Self.older(copies, below: root)
      let before = copies.bucket.objects
      let volume = try Self.newer(below: root)
      let metrics = SidecarMetrics()
      let time = Mutex(Duration.zero)
      metrics.change { $0.isOffsite = true }
      let gate = CopyGate(copies.configuration(), metrics: metrics, logger: CopyFixture.logger) {
        time.withLock { $0 }
      }
      let store = try copies.store()
      #expect(try !gate.opens(store, volume.volume))
      // Another task could have made that copy a moment ago.
      #expect(metrics.snapshot.failures.isEmpty && !metrics.snapshot.isOffsiteRefused)
      time.withLock { $0 += CopyAdmission.patience }
      for _ in 0..<3 {
        #expect(try !gate.opens(store, volume.volume))
        #expect(metrics.snapshot.failures == [.offsite: 1] && metrics.snapshot.isOffsiteRefused)
      }
      #expect(gate.fault?.contains("d.journal-3-1") == true)
      #expect(copies.bucket.objects == before)
      #expect(metrics.snapshot.text(now: 0).contains("gatehouse_sidecar_offsite_refused 1\n"))
      #expect(metrics.snapshot.status(now: 0)["offsite_refused"] == .stringConvertible(1))
      // They were moved away.
      copies.bucket.removeAll()
      #expect(try gate.opens(store, volume.volume))
      #expect(!metrics.snapshot.isOffsiteRefused)
      #expect(metrics.snapshot.text(now: 0).contains("gatehouse_sidecar_offsite_refused 0\n"))
    }
  }

  @Test("are not joined by the dump of a drain, and its receipt says why")
  func drain() async throws {
    try await withCopies { copies, root in
      let older = try Self.older(copies, below: root)
      let volume = try Self.newer(below: root)
      let before = copies.bucket.objects
      let refused = try copies.drain(volume, gate: nil)
      #expect(!refused.isThere && refused.reason?.contains("another history: 'd.journal-3-1'") == true)
      #expect(copies.bucket.objects == before)
      try older.dump(2, epoch: 3, at: 200)
      #expect(try copies.drain(older, gate: nil).isThere)
      #expect(copies.bucket.names.count == before.count + 1)
    }
  }

  @Test("come back by a fetch, and the volume that has them goes on behind them")
  func fetched() async throws {
    try await withCopies { copies, root in
      _ = try Self.older(copies, below: root)
      let volume = try JournalFixture(volume: "rescued", below: root)
      let fetched = try OffsiteFetch(store: copies.store(), volume: volume.volume).newest()
      #expect(fetched.dump?.good.order == DumpOrder(epoch: 3, sequence: 1))
      #expect(fetched.journals.map(\.good.commits) == [2])
      // The newest state begins after a start.
      let place = JournalPlace(
        journal: try JournalFixture.number(1, epoch: 3), commits: 2, tag: String(repeating: "ab", count: 16))
      #expect(try copies.look(volume) == .own(highest: JournalFixture.number(1, epoch: 3), isEmpty: false))
      try volume.journal(0, epoch: 4, .journal(place), at: 300, closes: false)
      #expect(try copies.look(volume) == .own(highest: JournalFixture.number(1, epoch: 3), isEmpty: false))
      try copies.copyAll(volume)
      #expect(copies.bucket.names.contains { $0.hasPrefix("d.journal-4-0.part-") })
    }
  }

  @Test("are known by other bytes behind the same number, although the volume has higher ones")
  func sameNumbers() async throws {
    try await withCopies { copies, root in
      let first = try JournalFixture(volume: "first", below: root)
      try first.journal(0, .empty, at: 0, closes: false)
      try copies.copyAll(first)
      let second = try JournalFixture(volume: "second", below: root)
      let place = try second.journal(0, .empty, at: 0)
      try second.journal(1, place, at: 100, closes: false)
      #expect(Self.isForeign(try copies.look(second)))
      // So do dumps, where there are no journals.
      copies.bucket.removeAll()
      let third = try JournalFixture(volume: "third", below: root)
      try third.dump(1, at: 0)
      try copies.copyAll(third)
      let fourth = try JournalFixture(volume: "fourth", below: root)
      try fourth.dump(1, at: 50)
      try fourth.dump(2, at: 60)
      #expect(Self.isForeign(try copies.look(fourth)))
      #expect(try copies.look(third) == .own(highest: JournalFixture.number(1), isEmpty: false))
    }
  }

  @Test("are not suspected when the volume has copied as far itself, and has moved its files aside since")
  func movedAside() async throws {
    try await withCopies { copies, root in
      let volume = try Self.older(copies, below: root)
      let directory = URL(filePath: volume.directory.location.directory)
      for name in names(in: directory) where name.contains("-3-1") || name.hasSuffix(".bin") {
        try FileManager.default.removeItem(at: directory.appending(path: name))
      }
      let known = CopyLineage.Finding.own(highest: try JournalFixture.number(1, epoch: 3), isEmpty: false)
      // The next writer has a higher epoch.
      try volume.lease(epoch: 4)
      #expect(try copies.look(volume) == known)
      // It was set back, so its next dumps would count as older ones.
      try volume.lease(epoch: 2)
      #expect(Self.isForeign(try copies.look(volume)))
      // Without the notes, as after the restore of a backup, nothing shows that the newest copies are its own.
      try Self.removeNotes(in: directory)
      let other = try JournalFixture(in: directory, cache: .reader)
      #expect(Self.isForeign(try copies.look(other)))
      try other.lease(epoch: 3)
      #expect(Self.isForeign(try copies.look(other)))
      // Older copies are, and those to come count as newer than all.
      try other.lease(epoch: 4)
      #expect(try copies.look(other) == known)
      // A volume with no file of S3 has another history, whatever its epoch is.
      for name in names(in: directory) where name.contains(".journal-") {
        try FileManager.default.removeItem(at: directory.appending(path: name))
      }
      let empty = try JournalFixture(in: directory, cache: .reader)
      #expect(Self.isForeign(try copies.look(empty)))
    }
  }

  @Test("are not suspected when a volume lists its files late, and none are refused before it had the time to")
  func lateList() async throws {
    try await withCopies { copies, root in
      let volume = try Self.older(copies, below: root)
      let directory = URL(filePath: volume.directory.location.directory)
      let hidden = names(in: directory).filter { $0.contains("-3-1") || $0.hasSuffix(".bin") }
      let aside = root.appending(path: "aside")
      try FileManager.default.createDirectory(at: aside, withIntermediateDirectories: true)
      func move(from source: URL, to target: URL) throws {
        for name in hidden {
          try FileManager.default.moveItem(at: source.appending(path: name), to: target.appending(path: name))
        }
      }
      try move(from: directory, to: aside)
      // The sidecar of another task, which has no notes yet.
      try Self.removeNotes(in: directory)
      let next = try JournalFixture(in: directory, cache: .reader)
      let metrics = SidecarMetrics()
      let time = Mutex(Duration.zero)
      let gate = CopyGate(copies.configuration(), metrics: metrics, logger: CopyFixture.logger) {
        time.withLock { $0 }
      }
      for second in [0, 30, 60] {
        time.withLock { $0 = .seconds(second) }
        #expect(try !gate.opens(copies.store(), next.volume))
      }
      try move(from: aside, to: directory)
      #expect(try gate.opens(copies.store(), next.volume))
      #expect(metrics.snapshot.failures.isEmpty)
    }
  }

  @Test("are not suspected where an older program made them, which noted names alone")
  func olderNotes() async throws {
    try await withCopies { copies, root in
      let volume = try JournalFixture(volume: "v", below: root)
      try volume.dump(1, at: 0)
      let store = try copies.store()
      let dump = try #require(try volume.verified().dumps.first)
      let source = try volume.directory.source(of: dump.entry.path)
      try store.put(dump, #require(dump.verification?.good), source, OffsiteStore.deadline(bytes: 0))
      volume.volume.markCopied(dump.name, at: store.place)
      // It was pruned on the volume.
      try volume.dump(2, at: 100)
      try FileManager.default.removeItem(atPath: dump.entry.path)
      #expect(try copies.look(volume) == .own(highest: JournalFixture.number(1), isEmpty: false))
    }
  }

  @Test("are not suspected where Doorman goes on: its dumps have no numbers, and are ranked by their times")
  func doorman() async throws {
    try await withCopies { copies, root in
      let volume = try JournalFixture(volume: "v", below: root)
      try volume.dump(1, at: 0)
      try copies.copyAll(volume)
      let dump = try #require(try volume.volume.dumps().first)
      // It was pruned on the volume, to which more dumps come than are copied.
      try FileManager.default.removeItem(atPath: dump.entry.path)
      try volume.dump(0, at: 100)
      #expect(try volume.volume.dumps().map(\.entry.order) == [nil])
      #expect(try copies.look(volume) == .own(highest: JournalFixture.number(1), isEmpty: false))
      let directory = URL(filePath: volume.directory.location.directory)
      try Self.removeNotes(in: directory)
      #expect(Self.isForeign(try copies.look(try JournalFixture(in: directory, cache: .reader))))
    }
  }

  @Test("are not pruned, and prune none, when one appears above those of the volume")
  func prune() async throws {
    try await withCopies { copies, root in
      _ = try Self.older(copies, below: root)
      let before = copies.bucket.objects
      let location = try DumpLocation(path: "d.bin", workingDirectory: root.path())
      let store = try copies.store()
      let clock = ClockReading.trusted(now: JournalFixture.begun + 1_000_000)
      for highest in [nil, try JournalFixture.number(9, epoch: 2)] {
        #expect(throws: OffsiteError.self) {
          _ = try store.prune(location, upTo: highest, clock, OffsiteStore.deadline(bytes: 0)) { true }
        }
      }
      #expect(copies.bucket.objects == before)
      let highest = try JournalFixture.number(1, epoch: 3)
      // The first journal is older than the window of restores.
      #expect(try store.prune(location, upTo: highest, clock, OffsiteStore.deadline(bytes: 0)) { true } == 1)
    }
  }

  @Test("are not mixed by a fetch: it brings nothing when the newest journal does not go on from the newest dump")
  func mixed() async throws {
    try await withCopies { copies, root in
      _ = try Self.older(copies, below: root)
      let other = try JournalFixture(volume: "other", below: root)
      let place = JournalPlace(
        journal: try JournalFixture.number(7, epoch: 2), commits: 1, tag: String(repeating: "ab", count: 16))
      try other.journal(0, epoch: 4, .journal(place), at: 200, closes: false)
      #expect(try copies.copier(other).run(until: .never))
      let volume = try JournalFixture(volume: "rescued", below: root)
      let error = #expect(throws: OffsiteError.self) {
        _ = try OffsiteFetch(store: copies.store(), volume: volume.volume).newest()
      }
      #expect(error?.code == .otherHistory && error?.description.contains("journal 4-0") == true)
      #expect(!names(in: root.appending(path: "rescued")).contains { $0.hasPrefix("d") })
    }
  }
}
