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
      _ = store.subscribe { line.put($0, installed: nil, time: 0) }
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
    #expect(line.isSafe(sequence - 1) == true)
    #expect(line.isSafe(sequence) == nil)
    async let isSafe = line.waitToShow(sequence, until: Self.limit)
    #expect(await eventuallyTrue { setup.waitingReads == 1 })
    line.expire(at: Self.limit - .milliseconds(1))
    #expect(setup.waitingReads == 1)
    #expect(line.acknowledge(through: sequence, in: 1).requests == 0)
    #expect(await isSafe)
    #expect(line.isSafe(sequence) == true)
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
    #expect(line.isSafe(later) == nil)
  }

  @Test("is shown when its time is over, and from then on to everybody at once, up to the next change")
  func late() async throws {
    let setup = Setup()
    let line = setup.line
    let sequence = try setup.commit("one")
    #expect(line.unsafeShownChange(in: sequence) == nil)
    async let isSafe = line.waitToShow(sequence, until: Self.limit)
    #expect(await eventuallyTrue { setup.waitingReads == 1 })
    line.expire(at: Self.limit)
    #expect(await !isSafe)
    #expect(line.isSafe(sequence) == false)
    #expect(line.unsafeShownChange(in: sequence) == sequence)
    let later = try setup.commit("two")
    #expect(line.isSafe(later) == nil)
    #expect(line.unsafeShownChange(in: later) == sequence)
    _ = line.acknowledge(through: later, in: 1)
    #expect(line.isSafe(later) == true)
    #expect(line.unsafeShownChange(in: later) == nil)
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
    #expect(line.isSafe(sequence) == nil)
    line.acknowledgeRefused()
    #expect(!line.hasRefused)
    #expect(line.isSafe(sequence) == true)
    let later = try setup.commit("two")
    line.refuse(through: later, in: 1)
    line.deactivate()
    line.activate(2)
    line.acknowledgeRefused()
    #expect(!line.hasRefused)
    #expect(line.isSafe(later) == nil)
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
    #expect(line.isSafe(sequence) == true, "reads follow the task that has the lease")
  }

  @Test("is safe when it came from the volume and nothing changed since, also for those who wait for its number")
  func installed() async throws {
    let (store, line) = (DocumentStore(schemas: StoreWithDumps.schemas), JournalLine())
    _ = store.subscribe { line.put($0, installed: .empty, time: 0) }
    let loaded = CollectionLoader(schemas: StoreWithDumps.schemas).finish()
    let sequence = store.replaceAll(with: loaded) { _, _ in }.sequence
    line.activate(1)
    #expect(line.isSafe(sequence) == true)
    try #require(line.unsafeChange(in: sequence) == nil)
    try await line.wait(for: sequence, until: Self.limit)
  }
}
