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

  @Test("is made all the same on a server that knows no condition")
  func unconditional() async throws {
    try await withCopies { copies, root in
      copies.bucket.refuseConditions()
      let (first, second) = (try Self.volume("first", below: root), try Self.volume("second", below: root))
      #expect(try copies.look(first) == Self.free)
      #expect(Self.isForeign(try copies.look(second)))
    }
  }

  @Test("is made when there is a journal to copy, and not before")
  func idle() async throws {
    try await withCopies { copies, root in
      let volume = try JournalFixture(volume: "v", below: root)
      let metrics = SidecarMetrics()
      let gate = CopyGate(copies.configuration(), metrics: metrics, logger: CopyFixture.logger)
      let watch = JournalCopyWatch(
        copies.configuration(), retention: RetentionPolicy(last: 1),
        roles: RoleWatch(volume: volume.volume, metrics: metrics, logger: CopyFixture.logger), gate: gate,
        logger: CopyFixture.logger)
      let copier = try copies.copier(volume)
      #expect(try watch.copy(with: copier, copies.store(), volume.volume) == true)
      #expect(copies.server.requests.isEmpty)
      try volume.journal(0, .empty, at: 0, closes: false)
      #expect(try watch.copy(with: copier, copies.store(), volume.volume) == true)
      #expect(copies.bucket.names == [Self.name, JournalCopy.partName(of: "d.journal-1-0", at: 0)])
    }
  }
}
