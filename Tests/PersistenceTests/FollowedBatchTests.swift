import DocumentStore
import DumpDirectory
import DumpFormat
import Foundation
import TestSupport
import Testing

@testable import Persistence

@Suite("A journal that has many chunks more than were read")
struct FollowedBatchTests {
  /// A step that has commits.
  private struct Part: Equatable {
    let commits: Int
    let isAll: Bool
  }

  /// A step that ended at a bound.
  private static func full(_ commits: Int) -> Part { Part(commits: commits, isAll: false) }

  /// A follower from the empty state on, without a store.
  private static func follower(_ setup: StoreWithDumps) -> JournalFollower {
    JournalFollower(in: setup.directory, keyring: setup.keyring)
  }

  /// The steps up to the first that has no commits.
  private static func parts(_ follower: inout JournalFollower) throws -> [Part] {
    var parts: [Part] = []
    while case .commits(let commits, _, let isAll) = try follower.next(holder: 1) {
      parts.append(Part(commits: commits.count, isAll: isAll))
    }
    return parts
  }

  /// The number of users in a store.
  private static func users(_ setup: StoreWithDumps) -> Int { setup.store.snapshot().count }

  @Test("is opened few times")
  func openings() async throws {
    try await withTemporaryDirectory { root in
      let standby = try StoreWithDumps(root)
      let follower = Follower(standby.store, in: standby.directory, keyring: standby.keyring)
      let journal = try WrittenJournal(beside: standby, adding: 0..<5000)
      await follower.beginEmpty()
      try journal.write(through: 1)
      #expect(try await follower.catchUp(holder: 1) == .current)
      #expect(Self.users(standby) == 1)
      let openings = FileOpenings(of: journal.path)
      #expect(openings.isWatching)
      try journal.write(through: journal.count)
      // The test itself opened the file.
      _ = openings.take()
      #expect(try await follower.catchUp(holder: 1) == .current)
      #expect(Self.users(standby) == journal.count)
      let number = openings.take()
      #expect(number > 0)
      #expect(number <= journal.count / JournalFollower.stepCommits + 2, "\(number) openings")
      #expect(follower.hasReached(journal.number, bytes: journal.bytes(through: journal.count).count))
    }
  }

  @Test("is read in steps of some number of commits")
  func commits() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root)
      let most = JournalFollower.stepCommits
      let journal = try WrittenJournal(beside: setup, adding: 0..<2 * most + 100)
      try journal.write(through: journal.count)
      var follower = Self.follower(setup)
      let parts = try Self.parts(&follower)
      #expect(parts == [Self.full(most), Self.full(most), Part(commits: 100, isAll: true)])
      #expect(follower.end == .journal(journal.place(behind: journal.count)))
    }
  }

  @Test("is read in steps of some number of bytes")
  func bytes() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root)
      let padding = JournalFollower.stepBytes / 8
      let journal = try WrittenJournal(beside: setup, adding: 0..<20, padding: padding)
      try journal.write(through: journal.count)
      var follower = Self.follower(setup)
      let parts = try Self.parts(&follower)
      #expect(parts == [Self.full(8), Self.full(8), Part(commits: 4, isAll: true)])
      #expect(follower.end == .journal(journal.place(behind: journal.count)))
    }
  }

  @Test("is read on also where one chunk is larger than a step")
  func largeChunks() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root)
      let most = JournalFollower.stepCommits
      let journal = try WrittenJournal(beside: setup, adding: 0..<3 * most, commits: most + 1)
      try journal.write(through: journal.count)
      var follower = Self.follower(setup)
      let parts = try Self.parts(&follower)
      #expect(parts == [Self.full(most + 1), Self.full(most + 1), Part(commits: most - 2, isAll: true)])
    }
  }

  @Test("is followed up to a damaged chunk, which is reported at each look until it is whole")
  func damagedChunk() async throws {
    try await withTemporaryDirectory { root in
      let standby = try StoreWithDumps(root)
      let follower = Follower(standby.store, in: standby.directory, keyring: standby.keyring)
      let journal = try WrittenJournal(beside: standby, adding: 0..<100)
      await follower.beginEmpty()
      var bytes = journal.bytes(through: journal.count)
      let place = journal.bytes(through: 59).count
      bytes[place + 40] ^= 1
      try journal.write(bytes)
      for _ in 0..<3 {
        await #expect(throws: DumpFormatError.self) { try await follower.catchUp(holder: 1) }
        #expect(Self.users(standby) == 59)
        #expect(follower.hasReached(journal.number, bytes: place))
        #expect(!follower.hasReached(journal.number, bytes: place + 1))
        #expect(follower.lag == nil)
      }
      try journal.write(through: journal.count)
      #expect(try await follower.catchUp(holder: 1) == .current)
      #expect(Self.users(standby) == journal.count)
      #expect(follower.lag != nil)
    }
  }

  @Test("is given up when a chunk stays damaged, so that the state is restored anew")
  func damagedForGood() async throws {
    try await withTemporaryDirectory { root in
      let standby = try StoreWithDumps(root)
      let follower = Follower(standby.store, in: standby.directory, keyring: standby.keyring)
      let journal = try WrittenJournal(beside: standby, adding: 0..<3)
      await follower.beginEmpty()
      var bytes = journal.bytes(through: journal.count)
      bytes[journal.bytes(through: 1).count + 40] ^= 1
      try journal.write(bytes)
      var (failures, progress): (Int, Follower.Progress?) = (0, nil)
      while progress == nil, failures < 1000 {
        do { progress = try await follower.catchUp(holder: 1) } catch is DumpFormatError { failures += 1 }
      }
      // Another machine's writes may show in parts for a while.
      #expect(failures > 10)
      guard case .detached(let reason)? = progress else {
        Issue.record("it is not given up: \(failures) failures")
        return
      }
      #expect(reason.contains("damaged"))
    }
  }

  @Test("is current up to a chunk that is not whole yet")
  func tornTail() async throws {
    try await withTemporaryDirectory { root in
      let standby = try StoreWithDumps(root)
      let follower = Follower(standby.store, in: standby.directory, keyring: standby.keyring)
      let journal = try WrittenJournal(beside: standby, adding: 0..<60)
      await follower.beginEmpty()
      let whole = journal.bytes(through: 50).count
      let next = journal.bytes(through: 51)[whole...]
      for length in [next.count / 2, next.count - 1] {
        try journal.write(through: 50, and: Array(next.prefix(length)))
        #expect(try await follower.catchUp(holder: 1) == .current)
        #expect(Self.users(standby) == 50)
        #expect(follower.hasReached(journal.number, bytes: whole))
        #expect(!follower.hasReached(journal.number, bytes: whole + 1))
        #expect(follower.lag != nil)
      }
      try journal.write(through: journal.count)
      #expect(try await follower.catchUp(holder: 1) == .current)
      #expect(Self.users(standby) == journal.count)
    }
  }

  @Test("has in one look what was there when it was opened, and the rest in the next one")
  func growth() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root)
      let journal = try WrittenJournal(beside: setup, adding: 0..<30)
      try journal.write(through: 10)
      var follower = Self.follower(setup)
      guard case .commits(let first, _, true) = try follower.next(holder: 1) else {
        Issue.record("the journal is not read to its end")
        return
      }
      #expect(first.count == 10)
      try journal.write(through: 30)
      let look = try follower.next(holder: 1, isAtEnd: true)
      #expect(look == .current)
      guard case .commits(let second, let end, true) = try follower.next(holder: 1) else {
        Issue.record("the journal is not read on")
        return
      }
      #expect(second.map(\.number) == Array(11...30))
      #expect(end == journal.place(behind: 30))
    }
  }

  @Test("counts up to the place at which the next one goes on, whatever a task without the lease added behind it")
  func nextJournal() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root)
      let journal = try WrittenJournal(beside: setup, adding: 0..<35)
      let place = journal.place(behind: 30)
      let next = try WrittenJournal(beside: setup, epoch: 2, after: .journal(place), adding: 100..<105)
      try journal.write(through: 10)
      var follower = Self.follower(setup)
      let parts = try Self.parts(&follower)
      #expect(parts == [Part(commits: 10, isAll: true)])
      try journal.write(through: 35)
      try next.write(through: 5)
      guard case .commits(let rest, let end, true) = try follower.next(holder: 2, isAtEnd: true) else {
        Issue.record("the first journal is not read on")
        return
      }
      #expect(rest.count == 20)
      #expect(end == place)
      guard case .commits(let new, let last, true) = try follower.next(holder: 2, isAtEnd: true) else {
        Issue.record("the second journal is not read")
        return
      }
      #expect(new.count == 5)
      #expect(last == next.place(behind: 5))
      let look = try follower.next(holder: 2, isAtEnd: true)
      #expect(look == .current)
    }
  }

  @Test("is not followed by a wait for a next one that is gone")
  func nextJournalGone() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root)
      let journal = try WrittenJournal(beside: setup, adding: 0..<30)
      let place = journal.place(behind: 30)
      let next = try WrittenJournal(beside: setup, epoch: 2, after: .journal(place), adding: 100..<105)
      let last = try WrittenJournal(
        beside: setup, epoch: 3, after: .journal(next.place(behind: 5)), adding: 200..<205)
      try journal.write(through: 10)
      var follower = Self.follower(setup)
      let parts = try Self.parts(&follower)
      #expect(parts == [Part(commits: 10, isAll: true)])
      try journal.write(through: 30)
      try next.write(through: 5)
      guard case .commits(_, let end, true) = try follower.next(holder: 2, isAtEnd: true) else {
        Issue.record("the first journal is not read on")
        return
      }
      #expect(end == place)
      // While the follower stands still, another task goes on, and a journal is pruned.
      try last.write(through: 5)
      try FileManager.default.removeItem(atPath: next.path)
      let look = try follower.next(holder: 3)
      #expect(look == .waiting)
      guard case .detached = try follower.next(holder: 3) else {
        Issue.record("the follower waits for a journal that is gone")
        return
      }
    }
  }

  @Test("leaves nothing out and makes nothing twice when the task that follows is cancelled")
  func cancelled() async throws {
    try await withTemporaryDirectory { root in
      let standby = try StoreWithDumps(root)
      let follower = Follower(standby.store, in: standby.directory, keyring: standby.keyring)
      let journal = try WrittenJournal(beside: standby, adding: 0..<3000)
      await follower.beginEmpty()
      try journal.write(through: journal.count)
      let following = Task { try await follower.catchUp(holder: 1) }
      following.cancel()
      _ = await following.result
      #expect(try await follower.catchUp(holder: 1) == .current)
      #expect(Self.users(standby) == journal.count)
    }
  }
}
