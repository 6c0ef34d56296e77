import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// The receipt in a log: what the sidecar writes when the volume does not take it.
/// It is waited for: the log and standard error have threads of their own, so a line of one can overtake the other's.
private func receiptInLog(of sidecar: ProgramProcess) throws -> JSONObject {
  let beginning = #"{"version":1,"outcome""#
  try sidecar.waitForLog(beginning)
  let line = eventually {
    let lines = sidecar.log.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    return lines.first { $0.hasPrefix(beginning) }
  }
  return try JSONParser().parseObject(Array(#require(line).utf8))
}

@Suite("A drain onto a sick volume")
struct SickVolumeDrainTests {
  @Test(
    "that is full, or read-only, ends by the deadline with the receipt on standard error", arguments: [true, false])
  func fullOrReadOnly(isFull: Bool) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      guard let volume = SmallVolume(root.appending(path: "generated"), size: "256k") else {
        try skip("this process may not mount a tmpfs")
        return
      }
      try await withGatehouse(dumps: volume.url, SidecarProcess.account) { (gatehouse: GatehouseProcess) async throws in
        #expect(
          try gatehouse.send("POST", "/platform/memory/dump", token: gatehouse.logIn()).status == 200)
        let sidecar = try SidecarProcess.start(dumps: volume.url, port: gatehouse.port, ["DRAIN_DEADLINE": "20"])
        try sidecar.waitForLog("logged in")
        try sidecar.waitForLog("dump verified")
        if isFull { volume.fill() } else { #expect(volume.makeReadOnly()) }
        let start = ContinuousClock.now
        let code = try sidecar.stop()
        // The standard deadline is much longer.
        #expect(ContinuousClock.now - start < .seconds(45))
        let receipt = try receiptInLog(of: sidecar)
        // The last request decides. On a busy machine the deadline may come before its answer.
        let isLate = receipt["outcome"] == "timed_out"
        #expect(isLate || receipt["outcome"] == "dump_failed")
        #expect(code == (isLate ? 75 : 69))
        let results = receipt["attempts"]?.array?.compactMap { $0.object?["result"]?.string } ?? []
        #expect(results.contains { $0.contains("MEM006") }, "\(results)")
        #expect(receipt["verified"] == true)
        #expect(!names(in: volume.url).contains { $0.hasPrefix("drain-") || $0.hasSuffix(".tmp") })
      }
    }
  }

  @Test("that hangs ends by the deadline all the same, with the receipt on standard error")
  func hanging() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let behind = root.appending(path: "behind")
      guard let volume = HangingVolume(root.appending(path: "generated"), over: behind) else {
        try skip("there is no FUSE, or no bindfs")
        return
      }
      defer { volume.goOn() }
      let written = "memory_dump-20261123T201137Z.bin"
      try FileManager.default.copyItem(at: Fixture.url(written), to: behind.appending(path: written))
      let gateway = try FakeGateway { _, _ in FakeGateway.wrote("/x/\(written)") }
      let sidecar = try SidecarProcess.start(dumps: volume.url, port: gateway.server.port, ["DRAIN_DEADLINE": "12"])
      try sidecar.waitForLog("logged in")
      try sidecar.waitForLog("dump verified")
      volume.hang()
      let start = ContinuousClock.now
      sidecar.signal(SIGTERM)
      try sidecar.waitForLog("drain ended")
      #expect(ContinuousClock.now - start < .seconds(30))
      let receipt = try receiptInLog(of: sidecar)
      #expect(receipt["outcome"] == "volume_failed")
      #expect(receipt["sentence"]?.string?.contains("did not answer in time") == true)
      // The health check comes back, too.
      let health = try SidecarProcess.run(["health"], dumps: volume.url)
      #expect(health.code == 1)
      #expect(health.output.contains("the volume does not answer"))
      // It has ended by now, unless a call of it was with the file system's own process when that was stopped: Linux
      // lets nobody leave such a call. (A mount of NFS does.)
      if sidecar.isRunning {
        #expect(sidecar.isHeldByKernel)
        volume.goOn()
      }
      #expect(try sidecar.waitForExit() == 74)
    }
  }
}
