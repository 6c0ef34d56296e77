import Clocks
import DumpDirectory
import DumpFormat
import Foundation
import Logging
import Retention
import Synchronization
import TestSupport
import Testing

@testable import Sidecar

@Suite("The claim of a place without copies")
struct PlaceClaimTests {
  private static let name = "d.claim"
  private static let free = CopyLineage.Finding.own(highest: nil, isEmpty: true)

  /// A volume with a journal, of a gateway that has just started.
  private static func volume(_ name: String, below root: URL) throws -> JournalFixture {
    let volume = try JournalFixture(volume: name, below: root)
    try volume.lease(epoch: 1)
    try volume.journal(0, .empty, at: 0, closes: false)
    return volume
  }

  private static func isForeign(_ finding: CopyLineage.Finding) -> Bool {
    if case .foreign(let reason) = finding { reason.contains("'\(name)'") } else { false }
  }

  @Test("is one volume's alone, and stays with it over restarts of its sidecar, which makes no copy before")
  func alone() async throws {
    try await withCopies { copies, root in
      let (first, second) = (try Self.volume("first", below: root), try Self.volume("second", below: root))
      #expect(try copies.look(first) == Self.free)
      #expect(copies.bucket.names == [Self.name])
      let claim = copies.bucket.objects
      for _ in 0..<2 {
        #expect(Self.isForeign(try copies.look(second)))
        // A sidecar that begins now knows of its claim from its notes.
        let next = try JournalFixture(in: root.appending(path: "first"))
        #expect(try copies.look(next) == Self.free)
      }
      #expect(copies.bucket.objects == claim)
    }
  }

  @Test("is one volume's alone when both have found the place empty")
  func atOnce() async throws {
    try await withCopies { copies, root in
      let (first, second) = (try copies.store(), try copies.store())
      let location = try Self.volume("first", below: root).directory.location
      let deadline = OffsiteStore.deadline(bytes: 0)
      let seen = (try first.inventory(of: location, deadline), try second.inventory(of: location, deadline))
      #expect(seen.0.claim == nil && seen.1.claim == nil)
      #expect(try first.claim(seen.0, of: location, for: "one", deadline))
      #expect(try !second.claim(seen.1, of: location, for: "other", deadline))
      #expect(try first.claim(seen.0, of: location, for: "one", deadline))
    }
  }

  @Test("refuses the other volume after a while, and lets it in when the claim and the copies are moved away")
  func refused() async throws {
    try await withCopies { copies, root in
      let (first, second) = (try Self.volume("first", below: root), try Self.volume("second", below: root))
      #expect(try copies.look(first) == Self.free)
      let metrics = SidecarMetrics()
      let time = Mutex(Duration.zero)
      let gate = CopyGate(copies.configuration(), metrics: metrics, logger: CopyFixture.logger) {
        time.withLock { $0 }
      }
      #expect(try !gate.opens(copies.store(), second.volume))
      time.withLock { $0 += CopyAdmission.patience }
      #expect(try !gate.opens(copies.store(), second.volume))
      #expect(metrics.snapshot.isOffsiteRefused && gate.fault?.contains("if that one is gone, delete it") == true)
      // The other one has begun.
      try copies.copyAll(first)
      #expect(try !gate.opens(copies.store(), second.volume))
      #expect(gate.fault?.contains("d.journal-1-0") == true)
      copies.bucket.removeAll()
      #expect(try gate.opens(copies.store(), second.volume))
      #expect(copies.bucket.names == [Self.name] && !metrics.snapshot.isOffsiteRefused)
    }
  }

  @Test("is not needed where there are copies, as of an older program")
  func older() async throws {
    try await withCopies { copies, root in
      let volume = try Self.volume("v", below: root)
      try copies.copyAll(volume)
      let before = copies.bucket.names
      #expect(try copies.look(volume) == .own(highest: JournalFixture.number(0), isEmpty: false))
      #expect(copies.bucket.names == before)
    }
  }

  @Test("is made all the same on a server that knows no condition", arguments: [501, 400, 405])
  func unconditional(status: Int) async throws {
    try await withCopies { copies, root in
      copies.bucket.refuseConditions(with: status)
      let (first, second) = (try Self.volume("first", below: root), try Self.volume("second", below: root))
      #expect(try copies.look(first) == Self.free)
      #expect(Self.isForeign(try copies.look(second)))
    }
  }

  @Test("is not made while the volume can't note its own name, and is its own when it can")
  func unnoted() async throws {
    try await withCopies { copies, root in
      let volume = try Self.volume("v", below: root)
      // No file can take the place of a directory with something in it.
      let notes = root.appending(path: "v/.gatehouse-sidecar-d.json")
      try FileManager.default.createDirectory(at: notes.appending(path: "x"), withIntermediateDirectories: true)
      // The second look finds the name in memory.
      for _ in 0..<2 { #expect(throws: OffsiteError.self) { try copies.look(volume) } }
      #expect(copies.bucket.names == [])
      try FileManager.default.removeItem(at: notes)
      #expect(try copies.look(volume) == Self.free)
      #expect(try copies.look(JournalFixture(in: root.appending(path: "v"))) == Self.free)
    }
  }

  private static func watch(_ copies: CopyFixture, _ volume: JournalFixture) -> JournalCopyWatch {
    let metrics = SidecarMetrics()
    return JournalCopyWatch(
      copies.configuration(), retention: RetentionPolicy(last: 1),
      roles: RoleWatch(volume: volume.volume, metrics: metrics, logger: CopyFixture.logger),
      gate: CopyGate(copies.configuration(), metrics: metrics, logger: CopyFixture.logger), logger: CopyFixture.logger)
  }

  @Test("is not made while the only journal waits for the copy of its dump")
  func waiting() async throws {
    try await withCopies { copies, root in
      let volume = try JournalFixture(volume: "v", below: root)
      try volume.lease(epoch: 2)
      try volume.dump(1, at: 0)
      let path = try #require(try volume.volume.dumps().first?.entry.path)
      let identity = try volume.directory.identity(of: path, volume.volume.keyring)
      try volume.journal(0, epoch: 2, .dump(identity: identity), at: 100, closes: false)
      let (watch, copier) = (Self.watch(copies, volume), try copies.copier(volume))
      for _ in 0..<2 { #expect(try watch.copy(with: copier, copies.store(), volume.volume) == false) }
      #expect(copies.bucket.names == [])
      try copies.copyDump(volume)
      #expect(try watch.copy(with: copier, copies.store(), volume.volume) == true)
      #expect(copies.bucket.names.contains(JournalCopy.partName(of: "d.journal-2-0", at: 0)))
    }
  }

  @Test("is made when there is a journal to copy, and not before")
  func idle() async throws {
    try await withCopies { copies, root in
      let volume = try JournalFixture(volume: "v", below: root)
      let watch = Self.watch(copies, volume)
      let copier = try copies.copier(volume)
      #expect(try watch.copy(with: copier, copies.store(), volume.volume) == true)
      #expect(copies.server.requests.isEmpty)
      try volume.journal(0, .empty, at: 0, closes: false)
      #expect(try watch.copy(with: copier, copies.store(), volume.volume) == true)
      #expect(copies.bucket.names == [Self.name, JournalCopy.partName(of: "d.journal-1-0", at: 0)])
    }
  }
}
