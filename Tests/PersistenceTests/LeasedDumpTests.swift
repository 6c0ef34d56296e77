import Clocks
import DocumentStore
import DumpFormat
import Foundation
import Logging
import Persistence
import TestSupport
import Testing

@testable import DumpDirectory

@Suite("Dumps under a lease")
struct LeasedDumpTests {
  private func lease(_ directory: DumpDirectory, _ name: String, timing: LeaseTiming = .standard) -> WriterLease {
    let holder = LeaseHolder(name: name, host: "host-\(name)", process: 1, bootID: name)
    let volume = LeaseVolume(directory: directory.location.directory, holder: holder)
    return WriterLease(
      volume: volume, keeper: LeaseKeeper(volume: volume, timing: timing) { 0 },
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  private func dumper(_ setup: StoreWithDumps, _ lease: WriterLease) -> Dumper {
    Dumper(
      store: setup.store, job: DumpJob(directory: setup.directory, keyring: setup.keyring, format: .dmp1),
      lease: lease, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  @Test("carry the epoch, and a sequence that starts from 1 in each")
  func order() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root)
      for epoch in 1...2 {
        let lease = lease(setup.directory, "p\(epoch)")
        try lease.start()
        #expect(await lease.firstRole(within: .seconds(20)) == .holding(epoch: epoch))
        let dumper = dumper(setup, lease)
        // The lease does not suffice: the state must also be the newest.
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

  @Test("get no name and leave no file when another process claimed the lease meanwhile")
  func fence() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root)
      // The lease is not read again soon, so only the dump's own check detects the loss.
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

  @Test("fail, and stay for the task that may go on from them, when the lease is lost before they have their name")
  func staleName() async throws {
    try await withTemporaryDirectory { root in
      let generated = root.appending(path: "generated")
      let files = HookedOperations { operation in
        // The lease is lost between the check and the rename.
        if operation == "rename" { try? Data().write(to: generated.appending(path: ".lease-epoch-2")) }
      }
      let setup = try StoreWithDumps(root, files: files)
      let lease = lease(setup.directory, "slow")
      try lease.start()
      #expect(await lease.firstRole(within: .seconds(20)) == .holding(epoch: 1))
      lease.accept(epoch: 1)
      let dumper = dumper(setup, lease)
      await #expect { try await dumper.dump(to: setup.directory.location, reason: "test") } throws: {
        ($0 as? DumpDirectoryError)?.code == .leaseLost
      }
      #expect(names(in: generated).count { $0.hasSuffix(".bin") } == 1)
    }
  }

  @Test(
    "have a higher version than every dump that was copied from elsewhere",
    arguments: [(7, 3, 8), (1, 9, 2), (1, 2, 2), (1, 1, 1), (DumpOrder.maximum - 1, 1, nil)])
  func foreign(epoch: Int, sequence: Int, expected: Int?) async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root)
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

  @Test("of an old epoch are never chosen over those of a newer one, however late they are written")
  func stale() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root)
      let write = { (name: String, order: DumpOrder?, seconds: Int) in
        try setup.add(name)
        let clock = WallClock { .init(seconds: seconds, microseconds: 0) }
        return try DumpJob(directory: setup.directory, keyring: setup.keyring, format: .dmp1, clock: clock)
          .write(setup.store.snapshot(), to: setup.directory.location, order: order).path
      }
      _ = try write("a", DumpOrder(epoch: 1, sequence: 1), 1_000_000_000)
      let newest = try write("b", DumpOrder(epoch: 2, sequence: 1), 1_000_000_100)
      _ = try write("c", DumpOrder(epoch: 1, sequence: 2), 2_000_000_000)
      guard case .restored(let restored, _) = try setup.ladder().restoreNewest() else {
        Issue.record("nothing restored")
        return
      }
      #expect(restored.path == newest)
    }
  }

  @Test("do not make a start wait for a volume that hangs")
  func hanging() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root)
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
