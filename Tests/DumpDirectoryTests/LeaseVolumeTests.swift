import Clocks
import Foundation
import JSON
import Synchronization
import TestSupport
import Testing

@testable import DumpDirectory

/// Processes that share a directory and a clock that tests move.
final class LeaseWorld: Sendable {
  let directory: String
  private let time = Mutex(Duration.zero)

  init(_ url: URL) {
    directory = url.path()
  }

  func pass(_ duration: Duration) { time.withLock { $0 += duration } }

  func keeper(
    _ name: String, kernel: String = "k", files: any FileOperations = LiveFileOperations(), dumps: Int = 0
  ) -> LeaseKeeper {
    let holder = LeaseHolder(name: name, host: "host-\(name)", process: 1, bootID: kernel)
    return LeaseKeeper(
      volume: LeaseVolume(directory: directory, holder: holder, files: files),
      steady: { [self] in time.withLock { $0 } }, highestEpochOfDumps: { dumps })
  }

  var look: LeaseLook {
    get throws {
      try LeaseVolume(
        directory: directory, holder: LeaseHolder(name: "nobody", host: "", process: 0, bootID: "")
      ).look()
    }
  }

  /// Turns every quarter of a second.
  func turn(_ keeper: inout LeaseKeeper, for duration: Duration) throws {
    for _ in 0..<(duration.milliseconds / 250) {
      pass(.milliseconds(250))
      try keeper.turn()
    }
  }
}

/// Binds a socket to a path.
private func bindSocket(_ descriptor: Int32, _ path: String) -> Int32 {
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
  return withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
    }
  }
}

@Suite("The lease on a volume")
struct LeaseVolumeTests {
  private func withWorld(_ body: (LeaseWorld, URL) throws -> Void) async throws {
    try await withTemporaryDirectory { (url: URL) async throws in try body(LeaseWorld(url), url) }
  }

  @Test("is taken by the first, and by the next at once after the first gave it up")
  func handOver() async throws {
    try await withWorld { world, url in
      var first = world.keeper("a")
      var second = world.keeper("b", kernel: "l")
      try first.turn()
      #expect(first.role == .holding(epoch: 1))
      #expect(
        try FileManager.default.attributesOfItem(atPath: "\(url.path())/lease.json")[.posixPermissions] as? Int == 0o600
      )
      try second.turn()
      #expect(second.role == .standby(holder: try world.look.record))
      #expect(try world.look.record?.holder.host == "host-a")
      try world.turn(&first, for: .seconds(10))
      #expect(try world.look.record?.renewal == 3)
      try first.end()
      #expect(first.role == .ended)
      try second.turn()
      #expect(second.role == .holding(epoch: 2))
      try second.turn()
      #expect(names(in: url) == [".gatehouse-lease.json", ".lease-epoch-2", "lease.json"])
    }
  }

  @Test("moves to a higher epoch in its holder's hands; on a full volume it stays as it was")
  func raise() async throws {
    try await withWorld { world, url in
      var holder = world.keeper("a")
      var other = world.keeper("b")
      try holder.turn()
      try other.turn()
      #expect(try holder.raise(above: 0) == nil)
      #expect(try other.raise(above: 7) == nil)
      #expect(try holder.raise(above: 7) == 8)
      #expect(holder.role == .holding(epoch: 8))
      // Even before the file says so.
      try other.turn()
      #expect(other.role != .holding(epoch: 9))
      try holder.turn()
      #expect(try world.look.record?.epoch == 8)
      #expect(try world.look.record?.holder.name == "a")
      #expect(names(in: url) == [".gatehouse-lease.json", ".lease-epoch-8", "lease.json"])
      for _ in 0..<20 {
        try world.turn(&holder, for: .seconds(1))
        try other.turn()
      }
      #expect(holder.role == .holding(epoch: 8))
      try holder.end()
      try other.turn()
      #expect(other.role == .holding(epoch: 9))
    }
    try await withWorld { world, _ in
      let files = FailingOperations(failing: 0)
      var holder = world.keeper("a", files: files)
      try holder.turn()
      var full = world.keeper("b", files: FailingOperations(failing: files.count + 2, dies: true))
      try holder.end()
      try full.turn()
      #expect(full.role == .holding(epoch: 2))
      #expect(throws: DumpDirectoryError.self) { try full.raise(above: 7) }
      #expect(full.role == .holding(epoch: 2))
      #expect(try world.look.highestEpoch == 2)
    }
  }

  @Test("is taken at once from a dead process of the same kernel, after 15 seconds from one of another")
  func death() async throws {
    try await withWorld { world, _ in
      var living = world.keeper("a")
      try living.turn()
      var same = world.keeper("b")
      try same.turn()
      #expect(same.role != .holding(epoch: 2))
      _ = consume living
      try same.turn()
      #expect(same.role == .holding(epoch: 2))
      _ = consume same
      var other = world.keeper("c", kernel: "l")
      try world.turn(&other, for: .seconds(15))
      #expect(other.role == .standby(holder: try world.look.record))
      try world.turn(&other, for: .seconds(1))
      #expect(other.role == .holding(epoch: 3))
    }
  }

  @Test("is taken by time from a frozen process, which then sees that it lost")
  func frozen() async throws {
    try await withWorld { world, _ in
      var frozen = world.keeper("a")
      try frozen.turn()
      var next = world.keeper("b")
      try world.turn(&next, for: .seconds(16))
      #expect(next.role == .holding(epoch: 2))
      try frozen.turn()
      #expect(frozen.role == .standby(holder: try world.look.record))
      try frozen.end()
      #expect(try world.look.record?.isReleased == false)
      #expect(try world.look.record?.epoch == 2)
    }
  }

  @Test("is left alone by a frozen process that ends before it notices that another took it")
  func lateEnd() async throws {
    try await withWorld { world, _ in
      var frozen = world.keeper("a")
      try frozen.turn()
      var next = world.keeper("b")
      try world.turn(&next, for: .seconds(16))
      try frozen.end()
      #expect(try world.look.record?.holder.name == "b")
      #expect(try world.look.record?.isReleased == false)
    }
  }

  @Test("that is damaged is held by someone unknown: it is watched, then taken above every epoch that is known")
  func damage() async throws {
    let texts = [
      "", "{", "[]", "{\"holder\":\"x\"}", "\u{0}\u{1}", String(repeating: "[", count: 5000),
      String(repeating: "x", count: 200_000),
      "{\"holder\":\"x\",\"epoch\":9223372036854775807,\"renewal\":1,\"released\":true}",
      "{\"holder\":\"x\",\"epoch\":-3,\"renewal\":1,\"released\":true}",
      "{\"holder\":\"\",\"epoch\":3,\"renewal\":1,\"released\":true}",
    ]
    for text in texts {
      try await withWorld { world, url in
        try Data(text.utf8).write(to: url.appending(path: "lease.json"))
        try Data().write(to: url.appending(path: ".lease-epoch-6"))
        for name in [".lease-epoch-", ".lease-epoch-x", ".lease-epoch-9223372036854775807", ".lease-epoch--1"] {
          try Data().write(to: url.appending(path: name))
        }
        var keeper = world.keeper("a", dumps: 4)
        try world.turn(&keeper, for: .seconds(15))
        #expect(keeper.role == .standby(holder: nil))
        try world.turn(&keeper, for: .seconds(1))
        #expect(keeper.role == .holding(epoch: 7))
      }
    }
  }

  @Test("that is a link, a directory or another's file is taken by time, and nothing behind a link is touched")
  func obstacles() async throws {
    try await withWorld { world, url in
      let outside = url.appending(path: "outside")
      try Data("theirs".utf8).write(to: outside)
      try FileManager.default.createSymbolicLink(at: url.appending(path: "lease.json"), withDestinationURL: outside)
      var keeper = world.keeper("a", dumps: 8)
      try world.turn(&keeper, for: .seconds(16))
      #expect(keeper.role == .holding(epoch: 9))
      #expect(try Data(contentsOf: outside) == Data("theirs".utf8))
    }
  }

  @Test("whose files are pipes or sockets is taken by time too", arguments: ["lease.json", ".gatehouse-lease.json"])
  func specialFiles(name: String) async throws {
    try await withWorld { world, url in
      let path = url.appending(path: name).path()
      #expect(mkfifo(path, 0o600) == 0)
      // Who writes into it keeps a reader from its end.
      let writer = open(path, O_RDWR | O_CLOEXEC)
      defer { close(writer) }
      var keeper = world.keeper("a")
      try world.turn(&keeper, for: .seconds(16))
      #expect(keeper.role == .holding(epoch: 1))
    }
    try await withWorld { world, url in
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(descriptor) }
      #expect(bindSocket(descriptor, url.appending(path: name).path()) == 0)
      var keeper = world.keeper("a")
      try world.turn(&keeper, for: .seconds(16))
      #expect(keeper.role == .holding(epoch: 1))
    }
  }

  @Test("above which no epoch is left says so instead of keeping its tasks on standby without a word")
  func lastEpoch() async throws {
    try await withWorld { world, url in
      let last = LeaseEpoch.largest - 1
      try Data(#"{"highest_epoch":\#(last),"holder":"x"}"#.utf8).write(to: url.appending(path: ".gatehouse-lease.json"))
      var keeper = world.keeper("a")
      #expect { try keeper.turn() } throws: { "\($0)".contains("highest epoch that there can be") }
      #expect(keeper.role == .standby(holder: nil))
    }
  }

  @Test("that was given up stays so, though a dump that was about to move it comes later")
  func afterEnd() async throws {
    try await withWorld { world, _ in
      var keeper = world.keeper("a")
      try keeper.turn()
      try keeper.end()
      #expect(try keeper.raise(above: 9) == nil)
      try keeper.turn()
      #expect(keeper.role == .ended)
    }
  }

  @Test("whose files are removed while its holder lives stays with it, and no epoch is given out twice")
  func removedFiles() async throws {
    try await withWorld { world, url in
      var holder = world.keeper("a")
      try holder.turn()
      for name in ["lease.json", ".lease-epoch-1"] { try FileManager.default.removeItem(at: url.appending(path: name)) }
      var other = world.keeper("b", kernel: "l")
      try other.turn()
      #expect(other.role == .standby(holder: nil))
      try holder.turn()
      #expect(holder.role == .holding(epoch: 1))
      #expect(try world.look.record?.epoch == 1)
      #expect(try world.look.claims == [1])
      for name in ["lease.json", ".lease-epoch-1"] { try FileManager.default.removeItem(at: url.appending(path: name)) }
      // The holder is gone with them.
      try world.turn(&other, for: .seconds(17))
      #expect(other.role == .holding(epoch: 2))
      for name in ["lease.json", ".lease-epoch-2"] { try FileManager.default.removeItem(at: url.appending(path: name)) }
      try holder.turn()
      #expect(holder.role == .standby(holder: nil), "it had lost the lease before the files were removed")
    }
  }

  @Test("is no reason to take a living holder for dead that sees the volume through another mount")
  func otherMount() async throws {
    try await withWorld { world, url in
      var holder = world.keeper("a")
      try holder.turn()
      let claim = url.appending(path: ".lease-epoch-1")
      // What the holder writes when it sees the file through another device; the lock is not seen through another mount.
      let text = try String(contentsOf: claim, encoding: .utf8)
      let device = try #require(text.firstMatch(of: /"device":"([0-9]+)"/)?.output.1)
      _ = consume holder
      try Data(text.replacing("\"device\":\"\(device)\"", with: "\"device\":\"\(device)1\"").utf8).write(to: claim)
      var other = world.keeper("b")
      try world.turn(&other, for: .seconds(14))
      #expect(other.role == .standby(holder: try world.look.record))
      try world.turn(&other, for: .seconds(3))
      #expect(other.role == .holding(epoch: 2))
    }
  }

  @Test("is taken by a lone task although a directory stands in the place of a file of it")
  func directory() async throws {
    for name in ["lease.json", ".gatehouse-lease.json", ".lease-epoch-1"] {
      try await withWorld { world, url in
        try FileManager.default.createDirectory(
          at: url.appending(path: "\(name)/something"), withIntermediateDirectories: true)
        var keeper = world.keeper("a")
        try world.turn(&keeper, for: .seconds(17))
        guard case .holding = keeper.role else {
          Issue.record("\(name): \(keeper.role)")
          return
        }
        #expect(try world.look.record?.holder.name == "a")
        if name == "lease.json" { #expect(keeper.movedAside?.hasSuffix("lease.json.moved-aside-1") == true) }
        let kept = names(in: url).filter { $0.hasPrefix(name) }.contains {
          FileManager.default.fileExists(atPath: url.appending(path: "\($0)/something").path())
        }
        #expect(kept, "\(names(in: url))")
      }
    }
  }

  @Test("tells who had it before, and whether that one gave it up")
  func predecessor() async throws {
    try await withWorld { world, _ in
      var first = world.keeper("a")
      try first.turn()
      #expect(try world.look.record?.predecessor == nil)
      try first.end()
      var second = world.keeper("b")
      try second.turn()
      try world.turn(&second, for: .seconds(4))
      #expect(try world.look.record?.predecessor == LeasePredecessor(holder: "a", epoch: 1, isReleased: true))
      _ = consume second
      var third = world.keeper("c")
      try third.turn()
      #expect(try world.look.record?.predecessor == LeasePredecessor(holder: "b", epoch: 2, isReleased: false))
    }
  }

  @Test("can be taken after a process died at any point of taking, renewing or giving up, and never with a lower epoch")
  func everyPoint() async throws {
    let life = { (world: LeaseWorld, files: FailingOperations) in
      var keeper = world.keeper("dying", kernel: "l", files: files)
      try keeper.turn()
      try world.turn(&keeper, for: .seconds(7))
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
          try first.turn()
          try first.end()
          try? life(world, FailingOperations(failing: point, dies: dies))
          let before = try world.look.highestEpoch
          var next = world.keeper("next")
          try world.turn(&next, for: .seconds(17))
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

  @Test("of a full volume stays with its holder: who can't write a lease claims none")
  func full() async throws {
    try await withWorld { world, url in
      var holder = world.keeper("a")
      try holder.turn()
      for point in 1...3 {
        var other = world.keeper("b", kernel: "l", files: FailingOperations(failing: point, dies: true))
        for _ in 0..<100 {
          world.pass(.milliseconds(250))
          try? other.turn()
        }
      }
      #expect(try world.look.highestEpoch == 1)
      try holder.turn()
      #expect(holder.role == .holding(epoch: 1))
      #expect(names(in: url).filter { $0.hasPrefix(".lease-epoch") } == [".lease-epoch-1"])
    }
  }

  @Test("has one holder when many start at once, each in a thread of its own")
  func race() async throws {
    try await withTemporaryDirectory { (url: URL) async throws in
      let world = LeaseWorld(url)
      let holders = await withTaskGroup(of: Int?.self) { group in
        for number in 0..<8 {
          group.addTask {
            var keeper = world.keeper("p\(number)", kernel: "k\(number % 3)")
            for _ in 0..<5 { try? keeper.turn() }
            guard case .holding(let epoch) = keeper.role else { return nil }
            return epoch
          }
        }
        return await group.reduce(into: [Int]()) { if let epoch = $1 { $0.append(epoch) } }
      }
      // Who takes it ends with its task here, so that another may find it dead and take the next epoch.
      #expect(!holders.isEmpty)
      #expect(Set(holders).count == holders.count)
    }
  }

  @Test("is read back as it was written")
  func record() {
    let record = LeaseRecord(
      holder: .current(), epoch: 3, renewal: 7, isReleased: true, acquiredAt: "2026-01-01T00:00:00Z", expiresAt: "x")
    #expect(LeaseRecord(JSONWriter.bytes(record.json)) == record)
    #expect(LeaseHolder.current().name != LeaseHolder.current().name)
    #expect(!LeaseHolder.current().bootID.isEmpty)
    #expect(!LeaseHolder.current().host.isEmpty)
  }
}
