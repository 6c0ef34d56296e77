import Foundation
import Synchronization
import TestSupport
import Testing

@testable import DumpDirectory

@Suite("A lease on a volume")
struct LeaseKeeperTests {
  @Test("is taken by the first process, and by the next one at once after the first gave it up")
  func handOver() async throws {
    try await withWorld { world, url in
      var first = world.keeper("a")
      var second = world.keeper("b", kernel: "l")
      try first.step()
      #expect(first.role == .holding(epoch: 1))
      #expect(
        try FileManager.default.attributesOfItem(atPath: "\(url.path())/lease.json")[.posixPermissions] as? Int == 0o600
      )
      try second.step()
      #expect(second.role == .standby(holder: try world.reading.record))
      #expect(try world.reading.record?.holder.host == "host-a")
      try world.step(&first, for: .seconds(10))
      #expect(try world.reading.record?.renewal == 3)
      try first.end()
      #expect(first.role == .ended)
      try second.step()
      #expect(second.role == .holding(epoch: 2))
      try second.step()
      #expect(names(in: url) == [".gatehouse-lease.json", ".lease-epoch-2", "lease.json"])
    }
  }

  @Test("moves to a higher epoch without changing its holder, and stays unchanged on a full volume")
  func raise() async throws {
    try await withWorld { world, url in
      var holder = world.keeper("a")
      var other = world.keeper("b")
      try holder.step()
      try other.step()
      #expect(try holder.raise(above: 0) == nil)
      #expect(try other.raise(above: 7) == nil)
      #expect(try holder.raise(above: 7) == 8)
      #expect(holder.role == .holding(epoch: 8))
      // The claim counts even before `lease.json` is written.
      try other.step()
      #expect(other.role != .holding(epoch: 9))
      try holder.step()
      #expect(try world.reading.record?.epoch == 8)
      #expect(try world.reading.record?.holder.name == "a")
      #expect(names(in: url) == [".gatehouse-lease.json", ".lease-epoch-8", "lease.json"])
      for _ in 0..<20 {
        try world.step(&holder, for: .seconds(1))
        try other.step()
      }
      #expect(holder.role == .holding(epoch: 8))
      try holder.end()
      try other.step()
      #expect(other.role == .holding(epoch: 9))
    }
    try await withWorld { world, _ in
      let files = FailingOperations(failing: 0)
      var holder = world.keeper("a", files: files)
      try holder.step()
      var full = world.keeper("b", files: FailingOperations(failing: files.count + 2, dies: true))
      try holder.end()
      try full.step()
      #expect(full.role == .holding(epoch: 2))
      #expect(throws: DumpDirectoryError.self) { try full.raise(above: 7) }
      #expect(full.role == .holding(epoch: 2))
      #expect(try world.reading.highestEpoch == 2)
    }
  }

  @Test("is taken at once from a dead process of the same kernel, and after 15 seconds from one of another kernel")
  func death() async throws {
    try await withWorld { world, _ in
      var living = world.keeper("a")
      try living.step()
      var same = world.keeper("b")
      try same.step()
      #expect(same.role != .holding(epoch: 2))
      _ = consume living
      try same.step()
      #expect(same.role == .holding(epoch: 2))
      _ = consume same
      var other = world.keeper("c", kernel: "l")
      try world.step(&other, for: .seconds(15))
      #expect(other.role == .standby(holder: try world.reading.record))
      try world.step(&other, for: .seconds(1))
      #expect(other.role == .holding(epoch: 3))
    }
  }

  @Test("shows its holder below a claim whose process has ended, until the holder has ended, too")
  func deadClaimant() async throws {
    try await withWorld { world, _ in
      var holder = world.keeper("a")
      var other = world.keeper("b")
      try holder.step()
      let claimant = LeaseHolder(name: "c", host: "host-c", process: 1, bootID: "k")
      // The process ends between its claim and its first write of the lease.
      _ = try LeaseVolume(directory: world.directory, holder: claimant).claim(2)
      #expect(try world.reading.claims.sorted() == [1, 2])
      try other.step()
      #expect(other.role == .standby(holder: try world.reading.record))
      #expect(try world.reading.record?.holder.name == "a")
      try holder.step()
      #expect(holder.role == .standby(holder: nil), "it lost the lease, although the lease is in its name")
      _ = consume holder
      try other.step()
      #expect(other.role == .standby(holder: nil))
      try world.step(&other, for: .seconds(17))
      #expect(other.role == .holding(epoch: 3))
    }
  }

  @Test("is taken after 15 seconds from a frozen process, which then learns that it has lost it")
  func frozen() async throws {
    try await withWorld { world, _ in
      var frozen = world.keeper("a")
      try frozen.step()
      var next = world.keeper("b")
      try world.step(&next, for: .seconds(16))
      #expect(next.role == .holding(epoch: 2))
      try frozen.step()
      #expect(frozen.role == .standby(holder: try world.reading.record))
      try frozen.end()
      #expect(try world.reading.record?.isReleased == false)
      #expect(try world.reading.record?.epoch == 2)
    }
  }

  @Test("is not changed by a frozen process that ends before it notices that another one took the lease")
  func lateEnd() async throws {
    try await withWorld { world, _ in
      var frozen = world.keeper("a")
      try frozen.step()
      var next = world.keeper("b")
      try world.step(&next, for: .seconds(16))
      try frozen.end()
      #expect(try world.reading.record?.holder.name == "b")
      #expect(try world.reading.record?.isReleased == false)
    }
  }

  @Test("stays given up if a dump tries to move it afterwards")
  func afterEnd() async throws {
    try await withWorld { world, _ in
      var keeper = world.keeper("a")
      try keeper.step()
      try keeper.end()
      #expect(try keeper.raise(above: 9) == nil)
      try keeper.step()
      #expect(keeper.role == .ended)
    }
  }

  @Test("names its previous holder, and whether that one gave it up")
  func predecessor() async throws {
    try await withWorld { world, _ in
      var first = world.keeper("a")
      try first.step()
      #expect(try world.reading.record?.predecessor == nil)
      try first.end()
      var second = world.keeper("b")
      try second.step()
      try world.step(&second, for: .seconds(4))
      #expect(try world.reading.record?.predecessor == LeasePredecessor(holder: "a", epoch: 1, isReleased: true))
      _ = consume second
      var third = world.keeper("c")
      try third.step()
      #expect(try world.reading.record?.predecessor == LeasePredecessor(holder: "b", epoch: 2, isReleased: false))
    }
  }

  @Test("can be taken after a process died at any operation on it, and never with a lower epoch")
  func everyPoint() async throws {
    let life = { (world: LeaseWorld, files: FailingOperations) in
      var keeper = world.keeper("dying", kernel: "l", files: files)
      try keeper.step()
      try world.step(&keeper, for: .seconds(7))
      try keeper.end()
    }
    let count = Mutex(0)
    try await withWorld { world, _ in
      let all = FailingOperations(failing: 0)
      try life(world, all)
      count.withLock { $0 = all.count }
    }
    let points = count.withLock { $0 }
    #expect(points >= 15)
    for dies in [true, false] {
      for point in 1...points {
        try await withWorld { world, url in
          var first = world.keeper("first")
          try first.step()
          try first.end()
          try? life(world, FailingOperations(failing: point, dies: dies))
          let before = try world.reading.highestEpoch
          var next = world.keeper("next")
          try world.step(&next, for: .seconds(17))
          guard case .holding(let epoch) = next.role else {
            Issue.record("not taken after point \(point): \(next.role)")
            return
          }
          #expect(epoch > before)
          let location = DumpLocation(directory: url.path(), stem: "d")
          try DumpDirectory(location).prepare()
          #expect(names(in: url).filter { $0.hasSuffix(".tmp") } == [], "point \(point)")
        }
      }
    }
  }

  @Test("stays with its holder on a full volume, since a process that can't write a lease claims none")
  func full() async throws {
    try await withWorld { world, url in
      var holder = world.keeper("a")
      try holder.step()
      for point in 1...3 {
        var other = world.keeper("b", kernel: "l", files: FailingOperations(failing: point, dies: true))
        for _ in 0..<100 {
          world.pass(.milliseconds(250))
          try? other.step()
        }
      }
      #expect(try world.reading.highestEpoch == 1)
      try holder.step()
      #expect(holder.role == .holding(epoch: 1))
      #expect(names(in: url).filter { $0.hasPrefix(".lease-epoch") } == [".lease-epoch-1"])
    }
  }

  @Test("has one holder when many processes start at once")
  func race() async throws {
    try await withTemporaryDirectory { (url: URL) async throws in
      let world = LeaseWorld(url)
      let holders = await withTaskGroup(of: Int?.self) { group in
        for number in 0..<8 {
          group.addTask {
            var keeper = world.keeper("p\(number)", kernel: "k\(number % 3)")
            for _ in 0..<5 { try? keeper.step() }
            guard case .holding(let epoch) = keeper.role else { return nil }
            return epoch
          }
        }
        return await group.reduce(into: [Int]()) { if let epoch = $1 { $0.append(epoch) } }
      }
      // A process that takes the lease ends with its task here, so another one may find it dead and take the next
      // epoch.
      #expect(!holders.isEmpty)
      #expect(Set(holders).count == holders.count)
    }
  }
}
