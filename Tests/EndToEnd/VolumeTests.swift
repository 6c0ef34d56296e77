import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@Suite("A faulty volume")
struct VolumeTests {
  @Test("that hangs: the dump answers 503 with a code in time, and is written when the volume is back")
  func hanging() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let behind = root.appending(path: "behind")
      guard let volume = HangingVolume(root.appending(path: "generated"), over: behind) else {
        try skip("there is no FUSE, or no bindfs")
        return
      }
      defer { volume.goOn() }
      try await withGatehouse(dumps: volume.url) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        volume.hang()
        let answer = try gatehouse.send(
          "POST", "/platform/memory/dump", token: token, headers: ["Prefer": "wait=1"])
        #expect(answer.status == 503)
        #expect(answer.code == "MEM008")
        #expect(gatehouse.logs("a dump is not finished when its request is answered"))
        #expect(try gatehouse.send("GET", "/api/health").status == 200)
        volume.goOn()
        #expect(gatehouse.logs("dump written"))
        #expect(names(in: behind).contains { $0.hasSuffix(".bin") })
      }
    }
  }

  @Test(
    "full: the dump answers 500 with a code, older dumps stay, nothing half-written is left, and the exit code tells")
  func full() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      guard let volume = SmallVolume(root.appending(path: "generated"), size: "256k") else {
        try skip("this process may not mount a tmpfs")
        return
      }
      try await withGatehouse(dumps: volume.url) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        let dump = { try gatehouse.send("POST", "/platform/memory/dump", token: token) }
        #expect(try dump().status == 200)
        let files = { names(in: volume.url).filter { !$0.contains("lease") && !$0.contains(".journal-") } }
        let good = files()
        volume.fill()
        let answer = try dump()
        #expect(answer.status == 500)
        #expect(answer.code == "MEM006")
        #expect(answer.text.contains("full"))
        #expect(files() == (good + ["filler"]).sorted())
        #expect(try gatehouse.send("GET", "/api/health").status == 200)
        #expect(try gatehouse.stop() == 1)
        #expect(gatehouse.logs("the last dump was not written"))
      }
    }
  }
}
