import DumpFormat
import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@testable import DumpDirectory
@testable import Persistence

@Suite("Encrypting a directory with another key")
struct RekeyingTests {
  private static let alone = DumpKeyring(sealing: RekeyingFixture.new)

  @Test("leaves every state that can be restored, from any of the dumps, with the present key alone")
  func history() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      var fixture = try await RekeyingFixture(root)
      try await fixture.makeHistory()
      let names = names(in: root.appending(path: "generated"))
      let done = try fixture.rekeyAll()
      #expect(done.count >= 8 && done.allSatisfy { $0.contains("rekeyed") }, "\(done)")
      #expect(TestSupport.names(in: root.appending(path: "generated")) == names)
      #expect(try fixture.rekeyAll().allSatisfy { $0.hasSuffix("present") })
      let directory = fixture.directory
      #expect(try RekeyingFixture.restored(directory, Self.alone) == .success(fixture.contents))
    }
  }

  @Test("lets a start go back dump by dump, and the journals lead to the same state")
  func olderDumps() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      var fixture = try await RekeyingFixture(root)
      // The last start would go on from its dump alone.
      try await fixture.makeHistory(endsWithStart: false)
      try fixture.rekeyAll()
      for entry in try fixture.directory.catalogue(Self.alone) {
        #expect(unlink(entry.path) == 0)
        #expect(
          try RekeyingFixture.restored(fixture.directory, Self.alone) == .success(fixture.contents), "\(entry.name)")
      }
    }
  }

  @Test("can be repeated with a third key, and a task goes on from the result")
  func again() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      var fixture = try await RekeyingFixture(root)
      try await fixture.makeHistory()
      try fixture.rekeyAll()
      // The first key again, so that the tasks of the fixture can read it.
      let back = DumpKeyring(sealing: fixture.old.sealing, older: [RekeyingFixture.new])
      #expect(try fixture.rekeyAll(back).allSatisfy { $0.contains("rekeyed") })
      let before = fixture.contents
      try fixture.restart()
      #expect(fixture.contents == before)
      try await fixture.add("h")
      #expect(try RekeyingFixture.restored(fixture.directory, fixture.old) == .success(fixture.contents))
    }
  }

  @Test("does both formats of dumps, and what the trash has")
  func formatsAndTrash() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      var fixture = try await RekeyingFixture(root)
      try await fixture.makeHistory()
      let directory = fixture.directory
      let newest = try #require(try directory.catalogue(fixture.old).first)
      let conversion = DumpConversion(of: directory, keyring: fixture.old, program: "gatehouse/test")
      let written = try conversion.convert(newest.path, to: .dmp1, into: root.path() + "/aside")
      #expect(rename(written.path, newest.path) == 0)
      let oldest = try #require(try directory.catalogue(fixture.old).last)
      #expect(try directory.moveToTrash(oldest.name, FileIdentity(of: oldest.path)))
      let trashed = root.appending(path: "generated/trash/\(oldest.name)")
      let time = try FileManager.default.attributesOfItem(atPath: trashed.path())[.modificationDate] as? Date
      let done = try fixture.rekeyAll()
      #expect(done.count >= 8 && done.allSatisfy { $0.contains("rekeyed") }, "\(done)")
      #expect(try directory.open(newest.path).format == .dmp1)
      #expect(try directory.open(trashed.path()).inspect(Self.alone).records == 2)
      #expect(try FileManager.default.attributesOfItem(atPath: trashed.path())[.modificationDate] as? Date == time)
      #expect(try RekeyingFixture.restored(directory, Self.alone) == .success(fixture.contents))
    }
  }

  @Test("of a dump that was converted in the place of another finds its journal, also one from before")
  func converted() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      for format in DumpFormatName.allCases {
        let root = root.appending(path: format.rawValue)
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        var fixture = try await RekeyingFixture(root)
        try await fixture.makeHistory()
        let newest = try #require(try fixture.directory.catalogue(fixture.old).first)
        let conversion = DumpConversion(of: fixture.directory, keyring: fixture.old, program: "gatehouse/test")
        let written = try conversion.convert(newest.path, to: format, into: root.path() + "/aside")
        #expect(rename(written.path, newest.path) == 0)
        #expect(
          try RekeyingFixture.restored(fixture.directory, fixture.old) == .success(fixture.contents), "\(format)")
      }
    }
  }

  @Test("leaves alone, byte for byte, what no key decrypts, what is damaged, and what is no dump")
  func faults() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      var fixture = try await RekeyingFixture(root)
      try await fixture.makeHistory()
      let paths = try fixture.rekeying().paths(withTrash: false)
      func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }
      // A changed end of the newest journal could be a write that was cut off.
      for path in paths.dropLast() {
        var damaged = try bytes(path)
        // One without a commit has nothing that damage could take away.
        if path.contains(".journal-"), damaged.count < 1150 { continue }
        // In a journal's first commit, or in a dump's last chunk.
        damaged[path.contains(".journal-") ? 1100 : damaged.count - 20] ^= 1
        try damaged.write(to: URL(filePath: path))
        guard case .failed = fixture.rekeying().rekey(path).outcome else {
          Issue.record("\(path) is not damaged")
          continue
        }
        #expect(try bytes(path) == damaged)
      }
      let text = root.appending(path: "generated/d-20261123T201137Z-0099.bin")
      try Data("no dump at all, but long enough".utf8).write(to: text)
      guard case (.dump?, .failed(let error)) = fixture.rekeying().rekey(text.path()) else {
        throw RekeyingFixture.Refusal(outcome: "it is a dump")
      }
      #expect((error as? DumpFormatError)?.code == .notADump)
      let other = DumpKeyring(sealing: DumpKey("another key, of some thirty-two characters"))
      let dump = try #require(paths.first)
      let before = try bytes(dump)
      guard case (.dump?, .failed) = fixture.rekeying(other).rekey(dump) else {
        throw RekeyingFixture.Refusal(outcome: "it has a key")
      }
      #expect(try bytes(dump) == before)
      #expect(!names(in: root.appending(path: "generated")).contains { $0.hasSuffix(".tmp") })
    }
  }

  @Test("keeps owner and mode of each file")
  func attributes() async throws {
    try #require(geteuid() == 0)
    try await withTemporaryDirectory { (root: URL) async throws in
      var fixture = try await RekeyingFixture(root)
      try await fixture.makeHistory()
      let paths = try fixture.rekeying().paths(withTrash: false)
      for path in paths { #expect(chown(path, 10001, 10002) == 0 && chmod(path, 0o640) == 0) }
      try fixture.rekeyAll()
      for path in paths {
        var status = stat()
        #expect(lstat(path, &status) == 0)
        #expect(status.st_uid == 10001 && status.st_gid == 10002 && status.st_mode & 0o777 == 0o640, "\(path)")
      }
    }
  }

  @Test("beside a gateway leaves the newest dump and the newest journal alone, until the lease is given up")
  func inUse() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      var fixture = try await RekeyingFixture(root)
      try await fixture.makeHistory()
      let lease = root.appending(path: "generated/lease.json")
      func write(released: Bool, epoch: Int) throws {
        let text = """
          {"holder":"x","host":"h","process":7,"boot_id":"","epoch":\(epoch),"renewal":1,"released":\(released),
           "acquired_at":"","expires_at":""}
          """
        try Data(text.utf8).write(to: lease)
      }
      try write(released: false, epoch: fixture.epoch)
      #expect(try fixture.rekeyAll().filter { !$0.contains("rekeyed") }.count == 2)
      let rest = try fixture.rekeyAll().filter { !$0.hasSuffix("present") }
      #expect(rest.count == 2, "\(rest)")
      #expect(rest.allSatisfy { $0.contains("in use: a gateway holds the lease (host h, process 7)") }, "\(rest)")
      #expect(rest.first?.hasPrefix("dump ") == true && rest.last?.hasPrefix("journal ") == true, "\(rest)")
      // Neither a lease that can't be read nor a claim of a process that is about to take it is nobody's.
      try Data("{".utf8).write(to: lease)
      #expect(try fixture.rekeyAll().filter { $0.contains("in use") }.count == 2)
      try write(released: true, epoch: fixture.epoch)
      let claim = root.appending(path: "generated/.lease-epoch-\(fixture.epoch + 1)")
      try Data().write(to: claim)
      #expect(try fixture.rekeyAll().filter { $0.contains("in use") }.count == 2)
      try FileManager.default.removeItem(at: claim)
      #expect(try fixture.rekeyAll().filter { $0.contains("rekeyed") }.count == 2)
      #expect(try RekeyingFixture.restored(fixture.directory, Self.alone) == .success(fixture.contents))
    }
  }

  @Test("beside a living holder whose next epoch a dead process had claimed leaves the newest files alone")
  func deadClaimant() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      var fixture = try await RekeyingFixture(root)
      try await fixture.makeHistory()
      let path = fixture.directory.location.directory
      let record = LeaseRecord(
        holder: LeaseHolder(name: "x", host: "h", process: 7, bootID: ""), epoch: fixture.epoch, renewal: 1)
      try Data(JSONWriter.bytes(record.json)).write(to: URL(filePath: "\(path)/lease.json"))
      // Each claim is locked until its process ends.
      func claim(_ epoch: Int) throws -> LeaseClaim {
        try #require(try LeaseVolume(directory: path, holder: .current()).claim(epoch))
      }
      var holders = [try claim(fixture.epoch)]
      _ = try claim(fixture.epoch + 1)
      let done = try fixture.rekeyAll().filter { !$0.contains("rekeyed") }
      #expect(done.count == 2, "\(done)")
      #expect(done.allSatisfy { $0.contains("in use: a gateway holds the lease (host h, process 7)") }, "\(done)")
      withExtendedLifetime(holders) {}
      // The holder is dead, and a process that is about to take the lease lives.
      holders = [try claim(fixture.epoch + 2)]
      #expect(try fixture.rekeyAll().filter { $0.contains("in use: a gateway may hold the lease") }.count == 2)
      withExtendedLifetime(holders) {}
      holders = []
      #expect(try fixture.rekeyAll().filter { $0.contains("rekeyed") }.count == 2)
      #expect(try RekeyingFixture.restored(fixture.directory, Self.alone) == .success(fixture.contents))
    }
  }
}
