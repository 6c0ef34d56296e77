import CrashPoints
import DocumentStore
import DumpFormat
import Foundation
import JSON
import Synchronization
import TestSupport
import Testing

@testable import DumpDirectory
@testable import Persistence

@Suite("A journal, when things go wrong,")
struct JournalFaultTests {
  private static func commit(_ setup: StoreWithDumps, _ name: String) throws -> Commit {
    let result = try setup.store.write { (transaction) throws(StoreError) in
      try transaction.insert(["name": .string(name)], into: "users")
    }
    return try #require(result.commit)
  }

  private static func add(_ setup: StoreWithDumps, _ name: String) async throws {
    try await setup.journal?.append(commit(setup, name))
  }

  private static func names(_ setup: StoreWithDumps) -> [String] {
    var names: [String] = []
    setup.store.snapshot().forEachDocument(in: "users") { bytes in
      let document = try? JSONParser(maximumDepth: 8).parse(bytes)
      if let name = document?.object?["name"]?.string { names.append(name) }
    }
    return names
  }

  private static func restoredNames(_ root: URL, epoch: Int = 99) throws -> [String] {
    let setup = try StoreWithDumps(root, journal: .always)
    try setup.start(epoch: epoch)
    return names(setup)
  }

  @Test("of a task that has the lease again stands above that of a frozen one between")
  func leaseTakenAgain() async throws {
    try await withTemporaryDirectory { root in
      let first = try StoreWithDumps(root, journal: .always)
      try first.start(epoch: 1)
      try await Self.add(first, "a")
      let second = try StoreWithDumps(root, journal: .always, isConfirmed: { false })
      try second.start(epoch: 2)
      // The second one is frozen, so the first one takes the lease again, with its own state, which is the newest.
      first.journal?.deactivate()
      first.journal?.activate(epoch: 3)
      try await Self.add(first, "b")
      // The second one wakes up, and writes a change that it does not acknowledge.
      await #expect(throws: (any Error).self) { try await Self.add(second, "late") }
      #expect(try second.directory.journals().map(\.number.epoch) == [1, 2, 3])
      #expect(try Self.restoredNames(root) == ["a", "b"])
    }
  }

  @Test("does not acknowledge a change that the state of another task replaced")
  func replaced() async throws {
    try await withTemporaryDirectory { root in
      let first = try StoreWithDumps(root, journal: .always)
      try first.start(epoch: 1)
      try await Self.add(first, "a")
      first.journal?.deactivate()
      let lost = try Self.commit(first, "lost")
      let second = try StoreWithDumps(root, journal: .always)
      try second.start(epoch: 2)
      try await Self.add(second, "b")
      try first.start(epoch: 3)
      try await Self.add(first, "c")
      let journal = try #require(first.journal)
      await #expect(throws: (any Error).self) { try await journal.append(lost) }
      #expect(try Self.restoredNames(root) == ["a", "b", "c"])
    }
  }

  @Test("acknowledges nothing of a write that ends after the lease was lost and taken again")
  func lateWrite() async throws {
    try await withTemporaryDirectory { root in
      let hang = Hang()
      let first = try StoreWithDumps(root, files: HookedOperations { hang.pass($0) }, journal: .always)
      let journal = try #require(first.journal)
      try first.start(epoch: 1)
      try await Self.add(first, "a")
      hang.begin()
      let pending = try Self.commit(first, "pending")
      #expect(eventually { hang.isHanging ? true : nil } == true)
      journal.deactivate()
      journal.activate(epoch: 3)
      hang.end()
      // Only a dump can hold the change now, and its request makes one.
      try await journal.append(pending)
      #expect(try first.directory.catalogue(first.keyring).count == 1)
      try await Self.add(first, "b")
      #expect(try Self.restoredNames(root) == ["a", "pending", "b"])
    }
  }

  @Test("takes changes again when the lease was lost while writes failed, and taken again")
  func troubleOfLostLease() async throws {
    try await withTemporaryDirectory { root in
      let isFull = Mutex(false)
      let files = RefusingOperations { isFull.withLock { $0 } }
      let first = try StoreWithDumps(root, files: files, journal: .always)
      let journal = try #require(first.journal)
      try first.start(epoch: 1)
      try await Self.add(first, "a")
      isFull.withLock { $0 = true }
      await #expect(throws: (any Error).self) { try await Self.add(first, "refused") }
      #expect(journal.obstacle != nil)
      journal.deactivate()
      isFull.withLock { $0 = false }
      journal.activate(epoch: 3)
      #expect(await eventuallyTrue { journal.obstacle == nil })
      // The first change makes a dump, and the next one goes to the journal behind it.
      for name in ["b", "c"] { try await Self.add(first, name) }
      #expect(try Self.restoredNames(root) == ["a", "refused", "b", "c"])
    }
  }

  @Test("goes on after two dumps of which the first is no longer the newest when it is looked at")
  func twoDumps() async throws {
    try await withTemporaryDirectory { root in
      let hang = Hang()
      let setup = try StoreWithDumps(root, files: HookedOperations { hang.pass($0) }, journal: .always)
      try setup.start(epoch: 1)
      try await Self.add(setup, "a")
      hang.begin()
      let journal = try #require(setup.journal)
      var commits = [try Self.commit(setup, "b")]
      #expect(eventually { hang.isHanging ? true : nil } == true)
      journal.begin(with: nil)
      _ = try await setup.dump()
      commits.append(try Self.commit(setup, "c"))
      _ = try await setup.dump()
      commits.append(try Self.commit(setup, "d"))
      hang.end()
      for commit in commits { try await journal.append(commit) }
      #expect(try Self.restoredNames(root) == ["a", "b", "c", "d"])
    }
  }

  @Test("leaves a commit that no chunk holds to a dump")
  func largeCommit() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root, journal: .always)
      try setup.start(epoch: 1)
      try await Self.add(setup, "a")
      let text = JSONValue.string(String(repeating: "x", count: 1 << 20))
      let commit = try setup.store.write { (transaction) throws(StoreError) in
        for number in 0..<20 { try transaction.insert(["name": .integer(number), "text": text], into: "users") }
      }.commit
      try await setup.journal?.append(#require(commit))
      #expect(try setup.directory.catalogue(setup.keyring).count == 1)
      try await Self.add(setup, "b")
      #expect(try Self.restoredNames(root) == ["a", "b"])
      #expect(try setup.directory.catalogue(setup.keyring).count == 1)
    }
  }

  @Test("passes over the dump of a task that had lost the lease, which another one did not go on from")
  func deposedDump() async throws {
    for hasOlderDump in [false, true] {
      try await withTemporaryDirectory { root in
        let first = try StoreWithDumps(root, journal: .always)
        try first.start(epoch: 1)
        try await Self.add(first, "a")
        if hasOlderDump { _ = try await first.dump() }
        let second = try StoreWithDumps(root, journal: .always)
        try second.start(epoch: 2)
        try await Self.add(second, "b")
        // The first one wakes up, gives its dump a name, and is killed before it sees that its lease is lost.
        _ = try Self.commit(first, "late")
        let late = try await first.dump().written.path
        let third = try StoreWithDumps(root, journal: .always)
        guard case .restored(let restored, let passedOver) = try third.ladder().restoreNewest() else {
          Issue.record("nothing is restored")
          return
        }
        #expect(passedOver.map(\.path) == [late])
        #expect(passedOver.map(\.fault) == [.bypassed])
        #expect(restored.documents == 2)
        #expect(try Self.restoredNames(root) == ["a", "b"])
      }
    }
  }

  @Test("goes on from the dump of a task that loses its lease right after the dump has its name")
  func dumpOfTheLastMoment() async throws {
    try await withTemporaryDirectory { root in
      let first = try StoreWithDumps(root, journal: .always)
      try first.start(epoch: 1)
      try await Self.add(first, "a")
      let second = try StoreWithDumps(root, journal: .always)
      let job = DumpJob(directory: first.directory, keyring: first.keyring, format: .dmp2)
      var checks = 0
      #expect {
        try job.write(
          first.store.snapshot(), to: first.directory.location, order: DumpOrder(epoch: 1, sequence: 1)
        ) {
          checks += 1
          guard checks == 2 else { return }
          // Another task takes over here, and finds the dump.
          #expect(try second.start(epoch: 2) == 0)
          throw DumpDirectoryError(.leaseLost, first.directory.location.directory, "another task took over")
        }
      } throws: {
        ($0 as? DumpDirectoryError)?.code == .leaseLost
      }
      try await Self.add(second, "b")
      #expect(try Self.restoredNames(root) == ["a", "b"])
    }
  }

  @Test("creates its file again after an attempt that failed although the file was made")
  func createdWithAnError() async throws {
    try await withTemporaryDirectory { root in
      let failures = Mutex(1)
      let files = FailingCreation {
        failures.withLock { left in
          left -= 1
          return left >= 0
        }
      }
      let setup = try StoreWithDumps(root, files: files, journal: .always)
      try setup.start(epoch: 1)
      await #expect(throws: (any Error).self) { try await Self.add(setup, "a") }
      #expect(eventually { setup.journal?.obstacle == nil ? true : nil } == true)
      try await Self.add(setup, "b")
      #expect(try Self.restoredNames(root) == ["a", "b"])
    }
  }

  @Test("whose beginning is not whole holds no commit, whatever parts of it are missing")
  func beginnings() throws {
    var generator = SeededGenerator(seed: 7)
    let keyring = DumpKeyring(sealing: DumpKey("a key of at least thirty-two characters"))
    let number = try #require(JournalNumber(epoch: 1, sequence: 0))
    let header = JournalHeader(number: number, start: .empty, createdAt: "t", writer: "w")
    let whole = try JournalSealer(header, key: keyring.sealing).beginning
    #expect(whole.count == JournalHeader.beginningSize)
    for _ in 0..<2000 {
      var bytes = whole
      let places = (0..<2).map { _ in Int.random(in: 0...bytes.count, using: &generator) }
      for index in (places.min() ?? 0)...(places.max() ?? 0) where index < bytes.count { bytes[index] = 0 }
      if bytes == whole { continue }
      #expect(try JournalReader(Bytes(bytes: bytes), keyring) == nil)
      #expect(throws: DumpFormatError.self) { try JournalReader(Bytes(bytes: bytes + [1]), keyring) }
    }
  }
}

/// Stops the journal's thread in an `fdatasync`.
private final class Hang: Sendable {
  private let state = Mutex((isWanted: false, isHanging: false))

  var isHanging: Bool { state.withLock { $0.isHanging } }
  func begin() { state.withLock { $0.isWanted = true } }
  func end() { state.withLock { $0.isWanted = false } }

  func pass(_ operation: String) {
    guard operation == "fdatasync" else { return }
    while state.withLock({ state in
      state.isHanging = state.isWanted
      return state.isWanted
    }) {
      usleep(1000)
    }
  }
}

private struct Bytes: DumpSource {
  let bytes: [UInt8]

  var size: Int { bytes.count }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(DumpFormatError) -> Int {
    let part = bytes.dropFirst(offset).prefix(buffer.count)
    buffer.copyBytes(from: part)
    return part.count
  }
}

/// The kernel's operations; creating a journal reports an error when it is asked to, although the file is made.
private struct FailingCreation: FaultyOperations {
  let fails: @Sendable () -> Bool

  func fault(_ call: FileCall) -> FileFault? {
    call.kind == .create && call.path.contains(".journal-") && fails() ? .late(EIO) : nil
  }
}
