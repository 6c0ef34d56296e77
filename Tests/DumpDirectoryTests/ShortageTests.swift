import Foundation
import Glibc
import TestSupport
import Testing

@testable import DumpDirectory

@Suite("A volume without room")
struct ShortageTests {
  @Test("is no failure of a start at whichever call it shows, while any other error is one", arguments: 1...3)
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

  @Test("has room again when what a dead process left is gone")
  func leftover() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      let name = ".memory_dump-20261123T201137Z.bin.4711.tmp"
      try Data("x".utf8).write(to: url.appending(path: name))
      // The first write fails, the second one, after the removal, succeeds.
      let files = FailingOperations(failing: 2)
      let preparation = try DumpDirectory(directory.location, files: files).makeReady()
      #expect(preparation.removed == [name])
      #expect(preparation.shortage == nil)
    }
  }

  @Test("in which a directory can't be made is one, too; the lease makes it before its first look")
  func noDirectory() async throws {
    try await withDumpDirectory { (directory: DumpDirectory, url: URL) async throws in
      let location = try DumpLocation(path: url.path() + "/below/d.bin", workingDirectory: "/")
      let full = DumpDirectory(location, files: FailingOperations(failing: 1))
      #expect(try full.makeReady().shortage?.code == .noSpace)
      #expect(!full.exists)
      let world = LeaseWorld(URL(filePath: location.directory))
      var keeper = world.keeper("a", files: FailingOperations(failing: 1))
      #expect { try keeper.turn() } throws: { ($0 as? DumpDirectoryError)?.code == .noSpace }
      #expect(keeper.role == .standby(holder: nil))
      try keeper.turn()
      #expect(keeper.role == .holding(epoch: 1))
      // One that is gone later may belong to a mount that is gone.
      try FileManager.default.removeItem(atPath: location.directory)
      #expect { try keeper.turn() } throws: { ($0 as? DumpDirectoryError)?.code == .notFound }
      #expect(!full.exists)
    }
  }

  @Test("and without a lease is taken as soon as there is room")
  func newVolume() throws {
    var state = LeaseState(holder: LeaseHolder(name: "me", host: "", process: 1, bootID: ""))
    let absent = LeaseLook(lease: .absent, claims: [])
    for step in 0..<20 {
      #expect(state.observe(absent, now: .milliseconds(250 * step)) == .claim(epoch: 1))
      state.watchAnew()
    }
    // Another was there meanwhile: what it left is watched.
    _ = state.observe(LeaseLook(lease: .damaged(fingerprint: "x"), claims: []), now: .seconds(6))
    #expect(state.observe(absent, now: .seconds(7)) == .wait)
  }

  @Test("has one holder at a time also when it is full from the beginning", arguments: 1...30)
  func simulation(seed: Int) {
    var faults = LeaseSimulation.Faults.none
    (faults.longestFull, faults.mayRemoveFiles) = (.seconds(40), seed % 3 == 0)
    var simulation = LeaseSimulation(seed: UInt64(seed), faults)
    for number in 0..<3 { simulation.start(kernel: "k\(number)") }
    simulation.run(for: .seconds(600), processes: 3)
    #expect(simulation.violations == [])
  }

  @Test(
    "is said until the next try, not only in the moment of one; another that renews its lease shows that there is room")
  func lasting() async throws {
    try await withTemporaryDirectory { (url: URL) async throws in
      let world = LeaseWorld(url)
      var holder = world.keeper("a")
      try holder.turn()
      var other = world.keeper("b", kernel: "l", files: FailingOperations(failing: 1, dies: true))
      var failures: [Int] = []
      for step in 0..<100 {
        world.pass(.milliseconds(250))
        if (try? other.turn()) == nil { failures.append(step) }
      }
      // From the first try on, after 14 seconds of watching.
      #expect(failures == Array(56..<100))
      try holder.turn()
      try other.turn()
      #expect(other.role == .standby(holder: try world.look.record))
    }
  }

  @Test("and other causes are told apart by their errors")
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
