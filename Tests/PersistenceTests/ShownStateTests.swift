import DocumentStore
import DumpFormat
import JSON
import TestSupport
import Testing
import Threads

@testable import Persistence

@Suite("A state that a client is to see")
struct ShownStateTests {
  private static let limit = Duration.seconds(10)

  /// The line of a journal, which hears of the commits of a store.
  private struct Setup {
    let store = DocumentStore(schemas: StoreWithDumps.schemas)
    let line = JournalLine()

    init() {
      let line = line
      line.keepStates(
        from: store.subscribe {
          line.put($0, installed: Journal.installedState, comesAgain: Journal.comesAgain, time: 0)
        })
      line.activate(1)
    }

    func commit(_ name: String) throws -> UInt64 {
      let result = try store.write { (transaction) throws(StoreError) in
        try transaction.insert(["name": .string(name)], into: "users")
      }
      return try #require(result.commit).sequence
    }

    var waitingReads: Int { line.state.withLock { $0.readers.count } }
  }

  @Test("waits until its changes are safe, and does not count as a change that was answered")
  func safe() async throws {
    let setup = Setup()
    let line = setup.line
    let sequence = try setup.commit("one")
    #expect(line.maySee(sequence - 1) == true)
    #expect(line.maySee(sequence) == nil)
    async let isSafe = line.waitToShow(sequence, until: Self.limit)
    #expect(await eventuallyTrue { setup.waitingReads == 1 })
    line.expire(at: Self.limit - .milliseconds(1))
    #expect(setup.waitingReads == 1)
    #expect(line.acknowledge(through: sequence, in: 1).requests == 0)
    #expect(await isSafe)
    #expect(line.maySee(sequence) == true)
  }

  @Test("waits for no later change")
  func later() async throws {
    let setup = Setup()
    let line = setup.line
    let sequence = try setup.commit("one")
    async let isSafe = line.waitToShow(sequence, until: Self.limit)
    #expect(await eventuallyTrue { setup.waitingReads == 1 })
    let later = try setup.commit("two")
    _ = line.acknowledge(through: sequence, in: 1)
    #expect(await isSafe)
    #expect(line.maySee(later) == nil)
  }

  @Test("gives way to the state before it when its time is over, and from then on at once, up to the next change")
  func late() async throws {
    let setup = Setup()
    let line = setup.line
    let before = try setup.commit("before")
    _ = line.acknowledge(through: before, in: 1)
    let sequence = try setup.commit("one")
    #expect(line.visible(for: before)?.sequence == nil)
    async let isSafe = line.waitToShow(sequence, until: Self.limit)
    #expect(await eventuallyTrue { setup.waitingReads == 1 })
    line.expire(at: Self.limit)
    #expect(await !isSafe)
    #expect(line.maySee(sequence) == false)
    #expect(line.visible(for: sequence)?.sequence == before)
    #expect(line.visible(for: sequence)?.count == 1)
    let later = try setup.commit("two")
    #expect(line.maySee(later) == nil)
    #expect(line.visible(for: later)?.sequence == before)
    _ = line.acknowledge(through: sequence, in: 1)
    #expect(line.maySee(sequence) == true)
    #expect(line.visible(for: later)?.sequence == sequence)
    _ = line.acknowledge(through: later, in: 1)
    #expect(line.maySee(later) == true)
    #expect(line.visible(for: later)?.sequence == nil)
  }

  @Test("is seen at once when each start makes it again, unless a change before it is not safe")
  func comesAgain() throws {
    let setup = Setup()
    let line = setup.line
    let own = try Journal.$comesAgain.withValue(true) { try setup.commit("admin") }
    #expect(line.safe < own)
    #expect(line.maySee(own) == true)
    #expect(line.visible(for: own)?.sequence == nil)
    let other = try setup.commit("one")
    #expect(line.visible(for: other)?.sequence == own)
    let late = try Journal.$comesAgain.withValue(true) { try setup.commit("sidecar") }
    #expect(line.maySee(late) == nil)
    #expect(line.visible(for: late)?.sequence == own)
  }

  @Test("is the one of a dump that a start loads, before anything of it is written again")
  func loaded() throws {
    let setup = Setup()
    let (store, line) = (setup.store, setup.line)
    let hidden = try setup.commit("one")
    let loaded = CollectionLoader(schemas: StoreWithDumps.schemas).finish()
    let requested = store.replaceAll(with: loaded) { _, _ in }.sequence
    #expect(line.maySee(requested) == nil, "a restore by request has to be dumped first")
    #expect(line.visible(for: requested)?.sequence == hidden - 1)
    let started = Journal.$comesAgain.withValue(true) { store.replaceAll(with: loaded) { _, _ in }.sequence }
    #expect(line.maySee(started) == true)
  }

  @Test("waits for the dump that it needs")
  func dump() async throws {
    let setup = Setup()
    let line = setup.line
    // A state that was restored by request is in no journal.
    let loaded = CollectionLoader(schemas: StoreWithDumps.schemas).finish()
    let sequence = setup.store.replaceAll(with: loaded) { _, _ in }.sequence
    async let isSafe = line.waitToShow(sequence, until: Self.limit)
    #expect(await eventuallyTrue { setup.waitingReads == 1 })
    line.noteForeign()
    #expect(setup.waitingReads == 1)
    line.dumpIsSafe(try #require(DumpOrder(epoch: 1, sequence: 1)), through: sequence)
    #expect(await isSafe)
  }

  @Test("is safe when the lease is confirmed again, unless it was lost since its change was written")
  func confirmedAgain() throws {
    let setup = Setup()
    let line = setup.line
    let sequence = try setup.commit("one")
    line.refuse(through: sequence, in: 1)
    #expect(line.hasRefused)
    #expect(line.maySee(sequence) == nil)
    line.acknowledgeRefused()
    #expect(!line.hasRefused)
    #expect(line.maySee(sequence) == true)
    let later = try setup.commit("two")
    line.refuse(through: later, in: 1)
    line.deactivate()
    line.activate(2)
    line.acknowledgeRefused()
    #expect(!line.hasRefused)
    #expect(line.maySee(later) == nil)
  }

  @Test("waits no longer when the lease is lost")
  func lost() async throws {
    let setup = Setup()
    let line = setup.line
    let sequence = try setup.commit("one")
    async let isSafe = line.waitToShow(sequence, until: Self.limit)
    #expect(await eventuallyTrue { setup.waitingReads == 1 })
    line.deactivate()
    #expect(await !isSafe)
    #expect(line.maySee(sequence) == false)
    #expect(line.visible(for: sequence)?.sequence == sequence - 1)
    #expect(await !line.waitToShow(sequence, until: Self.limit))
    // The state of the task that has the lease now.
    let followed = try setup.store.write { (transaction) throws(StoreError) in
      try transaction.insert(["name": "two"], into: "users")
    }
    line.put(try #require(followed.commit), followed: .empty)
    #expect(line.maySee(try #require(followed.commit).sequence) == true)
  }

  @Test("is safe when it came from the volume and nothing changed since, also for those who wait for its number")
  func installed() async throws {
    let (store, line) = (DocumentStore(schemas: StoreWithDumps.schemas), JournalLine())
    _ = store.subscribe { line.put($0, installed: .empty, time: 0) }
    let loaded = CollectionLoader(schemas: StoreWithDumps.schemas).finish()
    let sequence = store.replaceAll(with: loaded) { _, _ in }.sequence
    line.activate(1)
    #expect(line.maySee(sequence) == true)
    try #require(line.unsafeChange(in: sequence) == nil)
    try await line.wait(for: sequence, until: Self.limit)
  }

  @Test("is not seen by a request that took it just before another one replaced it")
  func replaced() throws {
    let setup = Setup()
    let (store, line) = (setup.store, setup.line)
    let lost = try setup.commit("one")
    let loaded = CollectionLoader(schemas: StoreWithDumps.schemas).finish()
    let installed = Journal.$installedState.withValue(.empty) { store.replaceAll(with: loaded) { _, _ in }.sequence }
    #expect(line.maySee(lost) == false)
    #expect(line.visible(for: lost)?.sequence == installed)
    #expect(line.maySee(installed) == true)
  }

  @Test("costs no memory for each change while only a dump can make it safe, and is that of the dump then")
  func manyForeign() throws {
    let setup = Setup()
    let (store, line) = (setup.store, setup.line)
    let loaded = CollectionLoader(schemas: StoreWithDumps.schemas).finish()
    _ = store.replaceAll(with: loaded) { _, _ in }
    for number in 0..<50 { _ = try setup.commit("before-\(number)") }
    #expect(line.state.withLock { $0.visible.count } <= 3)
    let order = try #require(DumpOrder(epoch: 1, sequence: 1))
    let dumped = store.snapshot().sequence
    line.put(.dump(order))
    // Journals can hold those behind the dump, one by one.
    for number in 0..<50 { _ = try setup.commit("after-\(number)") }
    line.dumpIsSafe(order, through: dumped)
    let newest = store.snapshot().sequence
    #expect(line.visible(for: newest)?.sequence == dumped)
    _ = line.acknowledge(through: newest - 7, in: 1)
    #expect(line.visible(for: newest)?.sequence == newest - 7)
    // A dump that failed lets the next ones go together again.
    line.put(.dump(try #require(DumpOrder(epoch: 1, sequence: 2))))
    _ = store.replaceAll(with: loaded) { _, _ in }
    line.dumpFailed(try #require(DumpOrder(epoch: 1, sequence: 2)))
    let before = line.state.withLock { $0.visible.count }
    for number in 0..<50 { _ = try setup.commit("more-\(number)") }
    #expect(line.state.withLock { $0.visible.count } <= before + 1)
    _ = line.acknowledge(through: store.snapshot().sequence, in: 1)
    #expect(line.state.withLock { ($0.visible.count, $0.visible.retired.count) } == (1, 0))
  }
}
