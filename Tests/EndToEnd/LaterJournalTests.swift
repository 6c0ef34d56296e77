import DumpDirectory
import DumpFormat
import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// The ways in which a later version of the gateway may write its journals.
enum LaterJournal: String, CaseIterable, Sendable {
  /// The bytes have another layout.
  case layout
  /// The header has another version.
  case version

  /// A journal that this version can't read, with something behind its header.
  func bytes(_ number: JournalNumber) throws -> Data {
    let version = self == .version ? 3 : 1
    let header =
      #"{"format":"JRN1","version":\#(version),"epoch":\#(number.epoch),"sequence":\#(number.sequence),"created_at":"2027-01-01T00:00:00Z","writer":"later","start":{"state":"own dump"}}"#
    let size = JournalHeader.beginningSize - SealedPreamble.size - ChunkHeader.overhead
    let padding = [UInt8](repeating: UInt8(ascii: " "), count: size - header.utf8.count)
    let (key, preamble) = try SealedFileKey.create(
      .journal, compression: .none, key: DumpKey(GatehouseProcess.encryptionKey))
    var sealer = ChunkSealer(key)
    var bytes = preamble.bytes
    bytes += try sealer.seal(Array(header.utf8) + padding)
    bytes += try sealer.seal(Array("records of a later version".utf8))
    // The version of the layout stands behind the magic bytes.
    if self == .layout { bytes[4] += 1 }
    return Data(bytes)
  }
}

@Suite("A journal of a later version")
struct LaterJournalTests {
  @Test("stops a start, which names the file and leaves it", arguments: LaterJournal.allCases)
  func start(later: LaterJournal) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        #expect(try gatehouse.send("POST", "/platform/memory/dump", token: token).status == 200)
        try gatehouse.expect("POST", "/platform/group", token, ["group_name": "one"], 201)
        gatehouse.signal(SIGKILL)
        _ = try gatehouse.waitForExit()
      }
      let journal = try #require(try JournalFiles(generated).newest())
      let number = try #require(JournalName(journal.lastPathComponent)?.number)
      let (before, bytes) = (try Data(contentsOf: journal), try later.bytes(number))
      try bytes.write(to: journal)
      let refused = try GatehouseProcess(dumps: generated)
      #expect(try refused.waitForExit(within: .seconds(90)) == 65)
      #expect(refused.logs(journal.path()), "\(refused.log)")
      #expect(refused.logs("does not know; use a newer one"), "\(refused.log)")
      #expect(try Data(contentsOf: journal) == bytes)
      // The refused start has spoilt nothing.
      try before.write(to: journal)
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        #expect(try gatehouse.send("GET", "/platform/group/one", token: gatehouse.logIn()).status == 200)
      }
    }
  }

  @Test(
    "makes a task on standby unready, also when it takes the lease, and keeps another task from starting",
    arguments: LaterJournal.allCases)
  func standby(later: LaterJournal) async throws {
    try await LinkedTasks.with(["HANDOVER_WAIT": "2"]) { (tasks: LinkedTasks) async throws in
      #expect(try tasks.add("one", to: tasks.writer).status == 201)
      #expect(eventually { (try? tasks.has("one")) == true ? true : nil } == true)
      let journal = try #require(try JournalFiles(tasks.directory).newest())
      let name = try #require(JournalName(journal.lastPathComponent))
      let next = try #require(JournalNumber(epoch: name.number.epoch, sequence: name.number.sequence + 1))
      let planted = tasks.directory.appending(path: JournalName(stem: name.stem, number: next).file)
      try later.bytes(next).write(to: planted, options: .atomic)

      #expect(eventually(within: .seconds(60)) { status(tasks.standby) == 503 ? true : nil } == true)
      try tasks.standby.waitForLog("the holder's changes can't be followed")
      #expect(tasks.standby.logs("does not know; use a newer one"), "\(tasks.standby.log)")
      #expect(try tasks.standby.send("GET", "/platform/monitor/liveness").status == 200)
      let third = try GatehouseProcess(dumps: tasks.directory)
      #expect(try third.waitForExit(within: .seconds(90)) == 65, "\(third.log)")
      #expect(status(tasks.standby) == 503)

      tasks.writer.signal(SIGKILL)
      _ = try tasks.writer.waitForExit()
      try tasks.standby.waitForLog("took over the lease, but the newest dump can't be restored")
      for _ in 0..<5 { #expect(status(tasks.standby) == 503) }
      let refused = try tasks.add("two")
      #expect(refused.status == 503 && refused.code == "GTW504", "\(refused.text)")
      try FileManager.default.removeItem(at: planted)
      #expect(eventually(within: .seconds(60)) { status(tasks.standby) == 200 ? true : nil } == true)
      #expect(try tasks.has("one") && !tasks.has("two"))
      #expect(try tasks.add("three").status == 201)
    }
  }

  private func status(_ task: GatehouseProcess) -> Int? {
    try? task.send("GET", "/platform/monitor/readiness").status
  }
}
