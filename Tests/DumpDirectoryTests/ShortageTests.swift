import Foundation
import Glibc
import TestSupport
import Testing

@testable import DumpDirectory

@Suite("A full volume")
struct ShortageTests {
  @Test("does not fail the preparation, at whichever operation it shows; any other error does", arguments: 1...3)
  func preparation(point: Int) async throws {
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      for number in [ENOSPC, EDQUOT] {
        let full = DumpDirectory(directory.location, files: FailingOperations(failing: point, errno: number))
        let preparation = try full.makeReady()
        #expect(preparation.shortage?.code == .noSpace)
        #expect(preparation.removed == [])
        #expect(throws: DumpDirectoryError.self) {
          try DumpDirectory(directory.location, files: FailingOperations(failing: point, errno: number)).prepare()
        }
      }
      for number in [EIO, EROFS, EACCES, ENOTDIR, ENFILE] {
        let failing = DumpDirectory(directory.location, files: FailingOperations(failing: point, errno: number))
        #expect(throws: DumpDirectoryError.self) { try failing.makeReady() }
      }
      #expect(names(in: url) == [])
      #expect(try directory.makeReady().shortage == nil)
    }
  }

  @Test("has space again when files of a dead process are removed")
  func leftover() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      let name = ".memory_dump-20261123T201137Z.bin.4711.tmp"
      try Data("x".utf8).write(to: url.appending(path: name))
      // The first write fails. The second one, after the removal, succeeds.
      let files = FailingOperations(failing: 2)
      let preparation = try DumpDirectory(directory.location, files: files).makeReady()
      #expect(preparation.removed == [name])
      #expect(preparation.shortage == nil)
    }
  }

  @Test("can lack the dump directory, which the lease creates before its first reading")
  func noDirectory() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      let location = try DumpLocation(path: url.path() + "/below/d.bin", workingDirectory: "/")
      let full = DumpDirectory(location, files: FailingOperations(failing: 1))
      #expect(try full.makeReady().shortage?.code == .noSpace)
      #expect(!full.exists)
      let world = LeaseWorld(URL(filePath: location.directory))
      var keeper = world.keeper("a", files: FailingOperations(failing: 1))
      #expect { try keeper.step() } throws: { ($0 as? DumpDirectoryError)?.code == .noSpace }
      #expect(keeper.role == .standby(holder: nil))
      try keeper.step()
      #expect(keeper.role == .holding(epoch: 1))
      // A directory that disappears later may belong to a mount that is gone.
      try FileManager.default.removeItem(atPath: location.directory)
      #expect { try keeper.step() } throws: { ($0 as? DumpDirectoryError)?.code == .notFound }
      #expect(!full.exists)
    }
  }

  @Test("without a lease lets one be taken as soon as there is space")
  func newVolume() throws {
    var state = LeaseState(holder: LeaseHolder(name: "me", host: "", process: 1, bootID: ""))
    let absent = LeaseReading(lease: .absent, claims: [])
    for step in 0..<20 {
      #expect(state.observe(absent, now: .milliseconds(250 * step)) == .claim(epoch: 1))
      state.watchAnew()
    }
    // Another process was active meanwhile, so its file is watched.
    _ = state.observe(LeaseReading(lease: .damaged(fingerprint: "x"), claims: []), now: .seconds(6))
    #expect(state.observe(absent, now: .seconds(7)) == .wait)
  }

  @Test("has one holder at a time even if it is full from the beginning", arguments: 1...30)
  func simulation(seed: Int) {
    var faults = LeaseSimulation.Faults.none
    (faults.longestFull, faults.mayRemoveFiles) = (.seconds(40), seed % 3 == 0)
    var simulation = LeaseSimulation(seed: UInt64(seed), faults)
    for number in 0..<3 { simulation.start(kernel: "k\(number)") }
    simulation.run(for: .seconds(600), processes: 3)
    #expect(simulation.violations == [])
  }

  @Test(
    "is reported until the next attempt, or until a renewal of another process shows that there is space")
  func lasting() async throws {
    try await withTemporaryDirectory { (url: URL) async throws in
      let world = LeaseWorld(url)
      var holder = world.keeper("a")
      try holder.step()
      var other = world.keeper("b", kernel: "l", files: FailingOperations(failing: 1, dies: true))
      var failures: [Int] = []
      for step in 0..<100 {
        world.pass(.milliseconds(250))
        if (try? other.step()) == nil { failures.append(step) }
      }
      // Every step fails from the first attempt on, after 14 seconds of watching.
      #expect(failures == Array(56..<100))
      try holder.step()
      try other.step()
      #expect(other.role == .standby(holder: try world.reading.record))
    }
  }

  @Test("is distinguished from other causes by the error")
  func codes() {
    let codes: [(Int32, DumpDirectoryError.Code)] = [
      (ENOSPC, .noSpace), (EDQUOT, .noSpace), (EROFS, .readOnly), (EACCES, .notWritable), (EPERM, .notWritable),
      (ENOTDIR, .notADirectory), (ELOOP, .notADirectory), (EMFILE, .exhausted), (ENFILE, .exhausted),
      (ENOMEM, .exhausted), (EIO, .inputOutput), (ESTALE, .inputOutput), (ENOENT, .notFound),
    ]
    for (number, code) in codes { #expect(DumpDirectoryError("open", "/data", errno: number).code == code) }
    #expect(DumpDirectoryError(reading: "open", "/data", errno: EACCES).code == .notReadable)
  }
}
