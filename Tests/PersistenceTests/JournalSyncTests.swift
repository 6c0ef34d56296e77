import CrashPoints
import DocumentStore
import DumpDirectory
import DumpFormat
import Foundation
import JSON
import Persistence
import Synchronization
import TestSupport
import Testing

/// The syncs of journals, which a test can hold on the volume.
private final class JournalSyncs: Sendable {
  private struct State {
    var isHeld = false
    var begun = 0
    var hasUnsyncedWrite = false
  }

  private let state = Mutex(State())

  /// The syncs that began, also one that is held.
  var begun: Int { state.withLock { $0.begun } }

  /// Whether a write came after the newest sync.
  var hasUnsyncedWrite: Bool { state.withLock { $0.hasUnsyncedWrite } }

  func hold() { state.withLock { $0.isHeld = true } }

  func release() { state.withLock { $0.isHeld = false } }

  func noteWrite() { state.withLock { $0.hasUnsyncedWrite = true } }

  /// A sync begins. It returns when no sync is held.
  func begin() {
    state.withLock { state in
      state.begun += 1
      state.hasUnsyncedWrite = false
    }
    let isFree: Bool? = eventually(within: .seconds(120)) { state.withLock { $0.isHeld } ? nil : true }
    if isFree != true { Issue.record("a sync is held for too long") }
  }
}

private final class Counter: Sendable {
  private let count = Mutex(0)

  var value: Int { count.withLock { $0 } }

  func increment() { count.withLock { $0 += 1 } }
}

private struct HeldOperations: FaultyOperations {
  let syncs: JournalSyncs

  func fault(_ call: FileCall) -> FileFault? {
    if call.isWrite { syncs.noteWrite() }
    if call.kind == .fdatasync { syncs.begin() }
    return nil
  }
}

@Suite("The syncs of a journal")
struct JournalSyncTests {
  private static func commit(_ setup: StoreWithDumps, _ name: String) throws -> Commit {
    let result = try setup.store.write { (transaction) throws(StoreError) in
      try transaction.insert(["name": .string(name)], into: "users")
    }
    return try #require(result.commit)
  }

  @Test("are one for all changes that came during the sync before")
  func groups() async throws {
    try await withTemporaryDirectory { root in
      let syncs = JournalSyncs()
      defer { syncs.release() }
      let setup = try StoreWithDumps(root, files: HeldOperations(syncs: syncs), journal: .always)
      let journal = try #require(setup.journal)
      try setup.start(epoch: 1)
      // The file is created, so that no sync of its header is counted.
      try await journal.append(Self.commit(setup, "before"))
      syncs.hold()
      let before = syncs.begun
      let first = try Self.commit(setup, "first")
      #expect(await eventuallyTrue { syncs.begun == before + 1 })
      let others = try (0..<50).map { try Self.commit(setup, "n\($0)") }
      #expect(journal.safe < first.sequence)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for commit in [first] + others { group.addTask { try await journal.append(commit) } }
        syncs.release()
        try await group.waitForAll()
      }
      #expect(syncs.begun == before + 2)
      let after = try StoreWithDumps(root, journal: .always)
      try after.start(epoch: 2)
      #expect(StoreWithDumps.isEqual(after.contents, setup.contents))
      #expect(after.store.snapshot().count == 52)
    }
  }

  @Test("are waited for by reads of their changes, half a second at most: then a read shows the state before them")
  func reads() async throws {
    try await withTemporaryDirectory { root in
      let syncs = JournalSyncs()
      defer { syncs.release() }
      let setup = try StoreWithDumps(root, files: HeldOperations(syncs: syncs), journal: .always)
      let journal = try #require(setup.journal)
      try setup.start(epoch: 1)
      let before = try Self.commit(setup, "before")
      try await journal.append(before)
      #expect(await journal.waitToShow(before.sequence)?.sequence == nil)
      syncs.hold()
      let held = try Self.commit(setup, "held").sequence
      #expect(await journal.waitToShow(before.sequence)?.sequence == nil)
      // No client has seen it yet, so no other task has to.
      try await journal.settleShown(in: held)
      #expect(journal.safe < held)

      let watch = Task { await journal.watch() }
      let start = ContinuousClock.now
      #expect(await journal.waitToShow(held)?.sequence == before.sequence)
      #expect(ContinuousClock.now - start >= .milliseconds(500))
      #expect(journal.safe < held)
      // From here on no wait ends by its time.
      watch.cancel()
      await watch.value

      let later = try Self.commit(setup, "later").sequence
      async let older = journal.waitToShow(later)
      async let settled: Void = journal.settleShown(in: later)
      async let confirmed: Void = journal.confirm(through: later)
      syncs.release()
      #expect(await older?.sequence == nil)
      try await settled
      try await confirmed
      #expect(journal.safe == later)
    }
  }

  @Test("are waited for by refusals as long as by changes, and a dump is made where only one can make the change safe")
  func refusals() async throws {
    try await withTemporaryDirectory { root in
      let syncs = JournalSyncs()
      defer { syncs.release() }
      let setup = try StoreWithDumps(root, files: HeldOperations(syncs: syncs), journal: .always)
      let journal = try #require(setup.journal)
      try setup.start(epoch: 1)
      try await journal.append(Self.commit(setup, "before"))
      syncs.hold()
      let held = try Self.commit(setup, "held").sequence
      let watch = Task { await journal.watch() }
      #expect(await journal.waitToShow(held)?.sequence == held - 1)
      // Reads wait no longer, and a refusal does.
      async let isSafe = journal.waitLongToShow(held)
      syncs.release()
      #expect(await isSafe)
      watch.cancel()
      let loaded = CollectionLoader(schemas: StoreWithDumps.schemas).finish()
      let restored = setup.store.replaceAll(with: loaded) { _, _ in }.sequence
      #expect(await journal.waitLongToShow(restored))
      #expect(journal.safe == restored)
      journal.deactivate()
      let lost = try Self.commit(setup, "lost").sequence
      #expect(await !journal.waitLongToShow(lost))
    }
  }

  @Test("make a change safe that was refused before the lease was taken again, also without another change")
  func refusedBefore() async throws {
    try await withTemporaryDirectory { root in
      let isConfirmed = Mutex(true)
      let setup = try StoreWithDumps(root, journal: .always, isConfirmed: { isConfirmed.withLock { $0 } })
      let journal = try #require(setup.journal)
      try setup.start(epoch: 1)
      try await journal.append(Self.commit(setup, "before"))
      isConfirmed.withLock { $0 = false }
      let refused = try Self.commit(setup, "refused")
      await #expect(throws: (any Error).self) { try await journal.append(refused) }
      journal.deactivate()
      isConfirmed.withLock { $0 = true }
      journal.activate(epoch: 2)
      #expect(await eventuallyTrue { journal.safe == refused.sequence })
      let after = try StoreWithDumps(root, journal: .always)
      try after.start(epoch: 3)
      #expect(StoreWithDumps.isEqual(after.contents, setup.contents))
    }
  }

  @Test("are not waited for with an interval: changes are answered while one hangs, and safe when it is over")
  func interval() async throws {
    try await withTemporaryDirectory { root in
      let syncs = JournalSyncs()
      defer { syncs.release() }
      let setup = try StoreWithDumps(
        root, files: HeldOperations(syncs: syncs), journal: .interval(.milliseconds(50)))
      let journal = try #require(setup.journal)
      try setup.start(epoch: 1)
      syncs.hold()
      let first = try Self.commit(setup, "first")
      #expect(await eventuallyTrue { syncs.begun == 1 })
      let answered = Counter()
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          try await journal.append(first)
          for number in 0..<20 {
            try await journal.append(Self.commit(setup, "n\(number)"))
            answered.increment()
          }
        }
        #expect(await eventuallyTrue { answered.value == 20 })
        #expect(await journal.waitToShow(first.sequence)?.sequence == nil)
        #expect(journal.safe < first.sequence)
        syncs.release()
        try await group.waitForAll()
      }
      let sequence = setup.store.snapshot().sequence
      #expect(await eventuallyTrue { journal.safe == sequence })
      let after = try StoreWithDumps(root, journal: .always)
      try after.start(epoch: 2)
      #expect(StoreWithDumps.isEqual(after.contents, setup.contents))
    }
  }

  /// A store whose journal has an interval. The file is there, so that no sync of its header is counted, and a pause
  /// has begun.
  private static func withInterval(
    _ pause: Duration, _ root: URL, _ syncs: JournalSyncs
  ) async throws -> StoreWithDumps {
    let setup = try StoreWithDumps(root, files: HeldOperations(syncs: syncs), journal: .interval(pause))
    let journal = try #require(setup.journal)
    journal.begin(with: .empty)
    // It is written with the start, so that only one pause begins.
    let first = try commit(setup, "before").sequence
    journal.activate(epoch: 1)
    #expect(await eventuallyTrue { journal.safe == first })
    return setup
  }

  @Test("are one for all changes of an interval, which are not safe before it")
  func sharedInterval() async throws {
    try await withTemporaryDirectory { root in
      let syncs = JournalSyncs()
      let setup = try await Self.withInterval(.seconds(3600), root, syncs)
      let journal = try #require(setup.journal)
      for round in 0..<3 {
        let before = syncs.begun
        let commits = try (0..<10).map { try Self.commit(setup, "\(round)-\($0)") }
        for commit in commits { try await journal.append(commit) }
        let (first, last) = try (#require(commits.first).sequence, #require(commits.last).sequence)
        #expect(syncs.begun == before && journal.safe < first)
        // This ends the pause.
        try await journal.settleNow(last)
        #expect(syncs.begun == before + 1 && journal.safe == last)
        #expect(!syncs.hasUnsyncedWrite)
      }
    }
  }

  @Test("come behind each write when an interval is over")
  func eachInterval() async throws {
    try await withTemporaryDirectory { root in
      let syncs = JournalSyncs()
      let setup = try await Self.withInterval(.milliseconds(50), root, syncs)
      let journal = try #require(setup.journal)
      for number in 0..<10 {
        let before = syncs.begun
        let commit = try Self.commit(setup, "n\(number)")
        try await journal.append(commit)
        #expect(await eventuallyTrue { journal.safe == commit.sequence })
        #expect(syncs.begun == before + 1)
        #expect(!syncs.hasUnsyncedWrite)
      }
    }
  }
}
