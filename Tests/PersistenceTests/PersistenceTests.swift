import Clocks
import DocumentStore
import DumpFormat
import Foundation
import JSON
import Logging
import Persistence
import Synchronization
import TestSupport
import Testing

@testable import DumpDirectory

/// A store with dumps in a directory of its own.
private struct Setup {
  static let schemas = [CollectionSchema("users", unique: [["name"]]), CollectionSchema("empty")]

  let store = DocumentStore(schemas: schemas)
  let keyring = DumpKeyring(sealing: DumpKey("a key of the tests"))
  let directory: DumpDirectory
  let dumper: Dumper

  init(_ root: URL, files: any FileOperations = LiveFileOperations()) throws {
    directory = DumpDirectory(try DumpLocation(path: "generated/d.bin", workingDirectory: root.path()), files: files)
    try directory.prepare()
    let clock = WallClock { .init(seconds: 1_795_464_697, microseconds: 454_068) }
    dumper = Dumper(
      store: store, job: DumpJob(directory: directory, keyring: keyring, format: .dmp1, clock: clock),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  func ladder(_ keyring: DumpKeyring? = nil) -> Ladder {
    Ladder(directory: directory, keyring: keyring ?? self.keyring, schemas: Self.schemas)
  }

  func add(_ name: String) throws {
    try store.write { (tx) throws(StoreError) in
      _ = try tx.insert(["name": .string(name), "x-unknown": [1, .null]], into: "users")
    }
  }

  func dump() async throws -> Dumper.Dump { try await dumper.dump(to: directory.location, reason: "test") }
}

private final class Flag: Sendable {
  let isSet = Mutex(false)
}

@Suite("Dumps and the ladder")
struct PersistenceTests {
  @Test("what was dumped is what is loaded, document by document")
  func roundTrip() async throws {
    try await withTemporaryDirectory { root in
      let setup = try Setup(root)
      for number in 0..<100 { try setup.add("user\(number)") }
      let dump = try await setup.dump()
      #expect(dump.written.summary.createdAt == "2026-11-23T20:11:37.454068Z")
      #expect(dump.written.summary.records == 100)
      guard case .restored(let restored, let passedOver) = try setup.ladder().climb() else {
        Issue.record("nothing restored")
        return
      }
      #expect(passedOver.isEmpty)
      let other = DocumentStore(schemas: Setup.schemas)
      other.replaceAll(with: restored.contents) { _, _ in }
      let documents = { (store: DocumentStore) in store.snapshot().find(in: "users", .everything).map(\.bytes) }
      #expect(documents(other) == documents(setup.store))
      #expect(other.snapshot().collections == ["users", "empty"])
    }
  }

  @Test("loads what only looks alike: names of collections, keys of one object, and values, as they were")
  func alike() async throws {
    try await withTemporaryDirectory { root in
      let setup = try Setup(root)
      let names = ["caf\u{E9}", "cafe\u{301}", "\u{1}195.169.", "\u{E9}"]
      let fields = (0..<20).map { ("k\($0)", JSONValue.integer($0)) } + names.map { ($0, .string($0)) }
      try setup.store.write { (tx) throws(StoreError) in
        for name in names {
          for value in names { _ = try tx.insert(JSONObject([("_id", .string(value))] + fields), into: name) }
        }
        for name in names { _ = try tx.insert(["name": .string(name)], into: "users") }
      }
      let dump = try await setup.dump()
      let restored = try setup.ladder().load(dump.written.path)
      #expect(restored.summary.counts == dump.written.summary.counts)
      #expect(restored.conflicts.isEmpty)
      let other = DocumentStore(schemas: Setup.schemas)
      other.replaceAll(with: restored.contents) { _, _ in }
      let (before, after) = (setup.store.snapshot(), other.snapshot())
      #expect(after.collections.map { UTF8Key($0) } == before.collections.map { UTF8Key($0) })
      for name in ["users"] + names {
        let documents = { (snapshot: Snapshot) in snapshot.find(in: name, .everything).map(\.bytes) }
        #expect(documents(after) == documents(before))
        #expect(after.find(in: name, .everything).count == names.count)
      }
    }
  }

  @Test("loads a document of the greatest depth on the thread of restores, whose stack is small")
  func depth() async throws {
    try await withTemporaryDirectory { root in
      let setup = try Setup(root)
      let deep = String(repeating: "{\"a\":", count: 511) + "1" + String(repeating: "}", count: 511)
      let value = try JSONParser(maximumDepth: 512).parse(deep)
      try setup.store.write { (tx) throws(StoreError) in
        _ = try tx.insert(["_id": "1", "deep": value], into: "users")
      }
      let dump = try await setup.dump()
      let restored = try await Restorer(setup.ladder()).load(dump.written.path)
      #expect(restored.summary.records == 1)
    }
  }

  @Test("the ladder passes over damaged dumps, says why, and leaves them")
  func ladder() async throws {
    try await withTemporaryDirectory { root in
      let setup = try Setup(root)
      try setup.add("old")
      let good = try await setup.dump().written.path
      try setup.add("new")
      let bad = try await setup.dump().written.path
      let bytes = try Data(contentsOf: URL(filePath: bad))
      try bytes.dropLast(5).write(to: URL(filePath: bad))
      guard case .restored(let restored, let passedOver) = try setup.ladder().climb() else {
        Issue.record("nothing restored")
        return
      }
      #expect(restored.path == good)
      #expect(passedOver.map(\.path) == [bad])
      #expect(passedOver.first?.reason.contains("damaged") == true)
      #expect(try Data(contentsOf: URL(filePath: bad)) == bytes.dropLast(5))
    }
  }

  @Test("the ladder tells an empty directory from one whose dumps don't load")
  func outcomes() async throws {
    try await withTemporaryDirectory { root in
      let setup = try Setup(root)
      guard case .nothingThere = try setup.ladder().climb() else {
        Issue.record("something in an empty directory")
        return
      }
      _ = try await setup.dump()
      guard case .noneLoads(let failures) = try setup.ladder(DumpKeyring(sealing: DumpKey("wrong key"))).climb() else {
        Issue.record("a wrong key opened")
        return
      }
      #expect(failures.count == 1)
    }
  }

  @Test("who asks while a dump is written shares the next one, which has what came before the asking")
  func coalescing() async throws {
    try await withTemporaryDirectory { root in
      let setup = try Setup(root)
      let dumps = try await withThrowingTaskGroup(of: (asked: Int, dump: Dumper.Dump).self) { group in
        for number in 0..<40 {
          try setup.add("u\(number)")
          let count = setup.store.snapshot().count
          group.addTask { (count, try await setup.dump()) }
        }
        var dumps: [(asked: Int, dump: Dumper.Dump)] = []
        for try await dump in group { dumps.append(dump) }
        return dumps
      }
      for (asked, dump) in dumps { #expect(dump.written.summary.records >= asked) }
      let written = names(in: root.appending(path: "generated")).count
      #expect(Set(dumps.map(\.dump.written.path)).count == written)
      #expect(written < 40)
    }
  }

  @Test("knows whether something changed that no dump of the directory holds")
  func changes() async throws {
    try await withTemporaryDirectory { root in
      let setup = try Setup(root)
      #expect(await setup.dumper.isChanged)
      _ = try await setup.dump()
      #expect(await !setup.dumper.isChanged)
      try setup.add("a")
      #expect(await setup.dumper.isChanged)
      // A start does not look below the directory.
      let below = DumpLocation(directory: setup.directory.location.directory + "/sub", stem: "x")
      _ = try await setup.dumper.dump(to: below, reason: "test")
      #expect(await setup.dumper.isChanged)
      // Nor at dumps of another stem.
      let beside = DumpLocation(directory: setup.directory.location.directory, stem: "d-d")
      _ = try await setup.dumper.dump(to: beside, reason: "test")
      #expect(await setup.dumper.isChanged)
      await setup.dumper.markSaved(in: Dumper.Origin(path: "d.bin", createdAt: ""))
      #expect(await !setup.dumper.isChanged)
    }
  }

  @Test("with the snapshot of the last dump changes end: one that commits later is refused, one before is in the dump")
  func lastDump() async throws {
    try await withTemporaryDirectory { root in
      let isClosed = Mutex(false)
      let late = Mutex<[Bool]>([])
      let store = Mutex<DocumentStore?>(nil)
      struct Closed: Error {}
      let change = { @Sendable (name: String) throws in
        _ = try store.withLock { $0 }?.write(
          permit: { () throws(any Error) in if isClosed.withLock({ $0 }) { throw Closed() } }
        ) { (tx) throws(any Error) in
          _ = try tx.insert(["name": .string(name)], into: "users")
        }
      }
      // A call that is in flight commits while the dump is written, after its snapshot.
      let files = HookedOperations { operation in
        guard operation == "fsync", store.withLock({ $0 }) != nil else { return }
        let isRefused = (try? change("late")) == nil
        late.withLock { $0.append(isRefused) }
      }
      let setup = try Setup(root, files: files)
      store.withLock { $0 = setup.store }
      try change("early")
      let dump = try await setup.dumper.dumpLast(to: setup.directory.location, reason: "test") {
        isClosed.withLock { $0 = true }
      }
      #expect(late.withLock { $0 }.contains(true))
      #expect(!late.withLock { $0 }.contains(false))
      #expect(throws: Closed.self) { try change("later") }
      guard case .restored(let restored, _) = try setup.ladder().climb() else {
        Issue.record("nothing restored")
        return
      }
      #expect(restored.path == dump.written.path)
      #expect(setup.store.snapshot().count == restored.summary.records)
    }
  }

  @Test("what shares the last dump is in it, whoever leads it")
  func lastDumpShared() async throws {
    try await withTemporaryDirectory { root in
      let setup = try Setup(root)
      let flag = Flag()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<20 {
          try setup.add("u\(number)")
          group.addTask {
            if number == 10 {
              _ = try await setup.dumper.dumpLast(to: setup.directory.location, reason: "last") {
                flag.isSet.withLock { $0 = true }
              }
            } else {
              _ = try await setup.dump()
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(flag.isSet.withLock { $0 })
      #expect(await setup.dumper.unsavedChanges == 0)
    }
  }

  @Test("counts the changes that no dump holds, from the moment on from which they are those of clients")
  func unsaved() async throws {
    try await withTemporaryDirectory { root in
      let setup = try Setup(root)
      try setup.add("admin")
      await setup.dumper.countChanges()
      #expect(await setup.dumper.unsavedChanges == 0)
      for name in ["a", "b"] { try setup.add(name) }
      #expect(await setup.dumper.unsavedChanges == 2)
      try setup.add("the service's own")
      await setup.dumper.discountChange()
      #expect(await setup.dumper.unsavedChanges == 2)
      let path = try await setup.dumper.keepDeposed()
      #expect(path.hasPrefix(setup.directory.location.directory + "/deposed/d-"))
      #expect(await setup.dumper.unsavedChanges == 2, "no start finds it there")
      guard case .nothingThere = try setup.ladder().climb() else {
        Issue.record("a start would take the dump of a deposed task")
        return
      }
      #expect(try setup.ladder().load(path).summary.records == 4)
      _ = try await setup.dump()
      #expect(await setup.dumper.unsavedChanges == 0)
    }
  }

  @Test("goes on after a failure, whose number is not given again")
  func failure() async throws {
    try await withTemporaryDirectory { root in
      let setup = try Setup(root)
      let nowhere = DumpLocation(directory: "/proc/none", stem: "x")
      await #expect(throws: DumpDirectoryError.self) { try await setup.dumper.dump(to: nowhere, reason: "test") }
      #expect(try await setup.dump().sequence == 2)
    }
  }
}

@Suite("Dumps under a lease")
struct LeaseTests {
  private func lease(_ directory: DumpDirectory, _ name: String, timing: LeaseTiming = .standard) -> WriterLease {
    let holder = LeaseHolder(name: name, host: "host-\(name)", process: 1, bootID: name)
    let volume = LeaseVolume(directory: directory.location.directory, holder: holder)
    return WriterLease(
      volume: volume, keeper: LeaseKeeper(volume: volume, timing: timing) { 0 },
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  private func dumper(_ setup: Setup, _ lease: WriterLease) -> Dumper {
    Dumper(
      store: setup.store, job: DumpJob(directory: setup.directory, keyring: setup.keyring, format: .dmp1),
      lease: lease, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  @Test("carry the epoch and count from 1 in each")
  func order() async throws {
    try await withTemporaryDirectory { root in
      let setup = try Setup(root)
      for epoch in 1...2 {
        let lease = lease(setup.directory, "p\(epoch)")
        try lease.start()
        #expect(await lease.firstRole(within: .seconds(20)) == .holding(epoch: epoch))
        let dumper = dumper(setup, lease)
        // The lease alone is not enough: the state must be the newest.
        await #expect { try await dumper.dump(to: setup.directory.location, reason: "test") } throws: {
          ($0 as? DumpDirectoryError)?.code == .leaseLost
        }
        lease.accept(epoch: epoch)
        for sequence in 1...2 {
          let dump = try await dumper.dump(to: setup.directory.location, reason: "test")
          #expect(dump.epoch == epoch && dump.sequence == sequence)
          #expect(dump.written.summary.order == DumpOrder(epoch: epoch, sequence: sequence))
        }
        #expect(await lease.end(within: .seconds(20)))
        #expect(lease.epoch == nil)
      }
      #expect(
        try setup.directory.catalogue(setup.keyring).map(\.order) == [
          DumpOrder(epoch: 2, sequence: 2), DumpOrder(epoch: 2, sequence: 1), DumpOrder(epoch: 1, sequence: 2),
          DumpOrder(epoch: 1, sequence: 1),
        ])
    }
  }

  @Test("get no name when another claimed the lease while they were written, and leave nothing")
  func fence() async throws {
    try await withTemporaryDirectory { root in
      let setup = try Setup(root)
      // Its next look is far away: only the dump's own finds out.
      let rare = LeaseTiming(
        poll: .seconds(3600), holderPoll: .seconds(3600), renewal: .seconds(3600), watch: .seconds(3600),
        proof: .seconds(1), confidence: .seconds(3000), longestGap: .seconds(1))
      let lease = lease(setup.directory, "slow", timing: rare)
      try lease.start()
      #expect(await lease.firstRole(within: .seconds(20)) == .holding(epoch: 1))
      lease.accept(epoch: 1)
      let dumper = dumper(setup, lease)
      _ = try await dumper.dump(to: setup.directory.location, reason: "test")
      let before = names(in: root.appending(path: "generated"))
      try Data().write(to: root.appending(path: "generated/.lease-epoch-2"))
      await #expect { try await dumper.dump(to: setup.directory.location, reason: "test") } throws: {
        ($0 as? DumpDirectoryError)?.code == .leaseLost
      }
      #expect(names(in: root.appending(path: "generated")) == (before + [".lease-epoch-2"]).sorted())
      #expect(lease.epoch == 1)
    }
  }

  @Test("are not called safe when another took the lease before they had their name, and go where no start looks")
  func staleName() async throws {
    try await withTemporaryDirectory { root in
      let generated = root.appending(path: "generated")
      let files = HookedOperations { operation in
        // The process is frozen between the look at the lease and the name.
        if operation == "rename" { try? Data().write(to: generated.appending(path: ".lease-epoch-2")) }
      }
      let setup = try Setup(root, files: files)
      let lease = lease(setup.directory, "slow")
      try lease.start()
      #expect(await lease.firstRole(within: .seconds(20)) == .holding(epoch: 1))
      lease.accept(epoch: 1)
      let dumper = dumper(setup, lease)
      await #expect { try await dumper.dump(to: setup.directory.location, reason: "test") } throws: {
        ($0 as? DumpDirectoryError)?.code == .leaseLost
      }
      #expect(!names(in: generated).contains { $0.hasSuffix(".bin") })
      #expect(names(in: generated.appending(path: "deposed")).count { $0.hasSuffix(".bin") } == 1)
    }
  }

  @Test(
    "stand above every dump that came from elsewhere, whatever order it names",
    arguments: [(7, 3, 8), (1, 9, 2), (1, 2, 2), (1, 1, 1), (DumpOrder.maximum - 1, 1, nil)])
  func foreign(epoch: Int, sequence: Int, expected: Int?) async throws {
    try await withTemporaryDirectory { root in
      let setup = try Setup(root)
      let lease = lease(setup.directory, "p")
      try lease.start()
      #expect(await lease.firstRole(within: .seconds(20)) == .holding(epoch: 1))
      lease.accept(epoch: 1)
      let dumper = dumper(setup, lease)
      _ = try await dumper.dump(to: setup.directory.location, reason: "test")
      _ = try DumpJob(directory: setup.directory, keyring: setup.keyring, format: .dmp1).write(
        setup.store.snapshot(), to: setup.directory.location, order: DumpOrder(epoch: epoch, sequence: sequence))
      try setup.add("newer")
      guard let expected else {
        await #expect(throws: DumpDirectoryError.self) {
          try await dumper.dump(to: setup.directory.location, reason: "test")
        }
        return
      }
      for _ in 0..<2 {
        let dump = try await dumper.dump(to: setup.directory.location, reason: "test")
        #expect(dump.epoch == expected)
        #expect(try setup.directory.catalogue(setup.keyring).first?.path == dump.written.path)
        #expect(lease.epoch == expected)
      }
    }
  }

  @Test("of a stale epoch are never chosen over those of a newer one, however late they come")
  func stale() async throws {
    try await withTemporaryDirectory { root in
      let setup = try Setup(root)
      let write = { (name: String, order: DumpOrder?, seconds: Int) in
        try setup.add(name)
        let clock = WallClock { .init(seconds: seconds, microseconds: 0) }
        return try DumpJob(directory: setup.directory, keyring: setup.keyring, format: .dmp1, clock: clock)
          .write(setup.store.snapshot(), to: setup.directory.location, order: order).path
      }
      _ = try write("a", DumpOrder(epoch: 1, sequence: 1), 1_000_000_000)
      let newest = try write("b", DumpOrder(epoch: 2, sequence: 1), 1_000_000_100)
      _ = try write("c", DumpOrder(epoch: 1, sequence: 2), 2_000_000_000)
      guard case .restored(let restored, _) = try setup.ladder().climb() else {
        Issue.record("nothing restored")
        return
      }
      #expect(restored.path == newest)
    }
  }

  @Test("wait for no volume: a lease that is never looked at leaves a start go on")
  func hanging() async throws {
    try await withTemporaryDirectory { root in
      let setup = try Setup(root)
      let holder = LeaseHolder(name: "p", host: "", process: 1, bootID: "")
      let volume = LeaseVolume(directory: setup.directory.location.directory, holder: holder)
      let gate = DispatchSemaphore(value: 0)
      let lease = WriterLease(
        volume: volume,
        keeper: LeaseKeeper(volume: volume) {
          gate.wait()
          gate.signal()
          return 0
        }, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      try lease.start()
      #expect(await lease.firstRole(within: .milliseconds(50)) == .unknown)
      #expect(lease.epoch == nil)
      #expect(await !lease.end(within: .milliseconds(50)))
      gate.signal()
      #expect(eventually { lease.role == .ended ? true : nil } == true)
    }
  }
}

@Suite("The timer")
struct AutoSaveTests {
  private let minute = AutoSave.Settings(isEnabled: true, frequency: .seconds(60))

  @Test("is due once a period, and only when something changed")
  func periods() {
    var timer = AutoSave(now: .zero)
    let asked = [(59, true), (60, true), (61, true), (120, false), (121, true), (180, true)]
    let due = asked.map { timer.isDue(now: .seconds($0.0), settings: minute, isChanged: $0.1) }
    #expect(due == [false, true, false, false, false, true])
  }

  @Test("keeps the newest dump younger than the maximum age, though nothing changes")
  func maximumAge() {
    let settings = AutoSave.Settings(isEnabled: true, frequency: .seconds(60), maximumAge: .seconds(3600))
    let due = { (age: Int?, isChanged: Bool) in
      var timer = AutoSave(now: .zero)
      return timer.isDue(
        now: .seconds(60), settings: settings, isChanged: isChanged, dumpAge: age.map { .seconds($0) })
    }
    // At 3540 the next turn comes just in time.
    #expect([0, 3540, 3541, 9000].map { due($0, false) } == [false, false, true, true])
    #expect(due(nil, false), "what an earlier process wrote may be of any age")
    #expect(due(0, true))
    var timer = AutoSave(now: .zero)
    let isEarly = timer.isDue(now: .seconds(59), settings: settings, isChanged: false, dumpAge: nil)
    #expect(!isEarly, "once a period")
  }

  @Test("follows settings that change at once")
  func settings() {
    var timer = AutoSave(now: .zero)
    let settings = [
      AutoSave.Settings(isEnabled: false, frequency: .seconds(60)), .init(isEnabled: true, frequency: .seconds(1001)),
      minute,
    ]
    #expect(settings.map { timer.isDue(now: .seconds(1000), settings: $0, isChanged: true) } == [false, false, true])
  }
}
