import Foundation
import JSON
import TestSupport
import Testing

@Suite("The file of what users used of their limits")
struct CounterWriteTests {
  /// A window that no call of the test fills or leaves.
  private static let limits: JSONObject = ["rate_limit_duration": 100_000, "rate_limit_duration_type": "year"]

  /// Tells one save from another, since each replaces the file. `nil` while there is none.
  private func save(_ file: URL) -> [Double]? {
    guard let found = try? FileManager.default.attributesOfItem(atPath: file.path()),
      let number = found[.systemFileNumber] as? NSNumber, let time = found[.modificationDate] as? Date
    else { return nil }
    return [number.doubleValue, time.timeIntervalSince1970]
  }

  @Test("is written once a second at most, and the journal not at all, while calls are counted")
  func calls() async throws {
    let server = try ScriptedServer(UpstreamScripts.run)
    defer { server.stop() }
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        try gatehouse.createAPI("test", servers: [server.url], token: token, ["api_public": false])
        let caller = try gatehouse.createCaller("caller", token: token, apis: ["test"], Self.limits)
        let journals = try JournalFiles(generated)
        let file = generated.appending(path: "memory_dump.counters")
        let before = try journals.commits().count
        try gatehouse.expect("POST", "/platform/group", token, ["group_name": "one"], 201)
        let ofAGroup = try journals.commits().count - before
        try #require(ofAGroup >= 1)
        let start = ContinuousClock.now
        var saves: Set<[Double]> = []
        for _ in 0..<500 {
          try #require(try gatehouse.send("GET", "/api/rest/test/v1/good", token: caller).status == 200)
          if let present = save(file) { saves.insert(present) }
        }
        let seconds = Int((ContinuousClock.now - start).components.seconds)
        // One save may come at each end, and one was before.
        #expect(saves.count <= seconds + 2, "\(saves.count) saves in \(seconds) s")
        #expect(eventually { save(file) == nil ? nil : true } == true)
        // Commits come in order, so that of a call would be before the next change of a client.
        try gatehouse.expect("POST", "/platform/group", token, ["group_name": "two"], 201)
        #expect(try journals.commits().count == before + 2 * ofAGroup)
      }
    }
  }
}
