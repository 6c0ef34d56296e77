import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// A gateway whose syncs of the journal a test can hold.
private struct HeldGateway {
  let gateway: GatehouseProcess
  let token: String
  private let trigger: URL

  /// Starts it.
  ///
  /// - Returns: `nil` where there is no clang.
  init?(in root: URL, _ settings: [String: String] = [:]) throws {
    let library = root.appending(path: "held-sync.so").path()
    let source = try Fixture.url("held-sync.c").path()
    guard try Wrapper.run(["clang", "-shared", "-fPIC", "-o", library, source]) else { return nil }
    trigger = root.appending(path: "hold-now")
    let held = ["LD_PRELOAD": library, "HOLD_WHEN": trigger.path()]
    gateway = try GatehouseProcess(dumps: root.appending(path: "generated"), settings.merging(held) { $1 })
    try gateway.waitUntilReady()
    token = try gateway.logIn()
    // With this change, those of the start are safe, too.
    try gateway.expect("POST", "/platform/group", token, ["group_name": "before"], 201)
  }

  func hold() throws { try Data().write(to: trigger) }

  func release() { unlink(trigger.path()) }

  func get(_ name: String) throws -> HTTPAnswer {
    try gateway.send("GET", "/platform/group/\(name)", token: token)
  }

  /// Begins to read a group, and reads no answer.
  func beginRead(_ name: String) throws -> HTTPConnection {
    let connection = try HTTPConnection(port: gateway.port)
    try connection.send("GET /platform/group/\(name) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n\r\n")
    return connection
  }

  /// The reads that were answered before the volume had what they show.
  func earlyReads() throws -> Int {
    let text = try gateway.send("GET", "/metrics").text
    let count = text.firstMatch(of: /peer_calls_total\{result="early"\} ([0-9]+)/).flatMap { Int($0.output.1) }
    return try #require(count, "\(text)")
  }

  /// Waits until the volume has all that a read shows.
  func waitUntilSafe() throws {
    let isSafe = try eventually(within: .seconds(60)) { () -> Bool? in
      let before = try earlyReads()
      _ = try get("before")
      return try earlyReads() == before ? true : nil
    }
    #expect(isSafe == true, "\(gateway.log)")
  }

  static func with(_ settings: [String: String] = [:], _ body: (HeldGateway) throws -> Void) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      guard let held = try HeldGateway(in: root, settings) else {
        try skip("there is no clang, which comes with Swift")
        return
      }
      defer { if held.gateway.isRunning { held.gateway.signal(SIGKILL) } }
      try body(held)
    }
  }
}

@Suite("A change whose sync is not over")
struct SafeReadTests {
  /// A time that is shorter than the wait of a read, and long enough for an answer that waits for nothing.
  private static let glance = Duration.milliseconds(150)

  @Test("is in no answer of the writer: neither a read nor the refusal of another change shows it")
  func short() async throws {
    try await HeldGateway.with { held in
      let gateway = held.gateway
      var isReadHeld = false
      var isRefusalHeld = false
      // A machine that is too busy to release the sync in time tries again.
      for attempt in 1...10 where !isReadHeld || !isRefusalHeld {
        let name = "short-\(attempt)"
        let before = try held.earlyReads()
        try held.hold()
        let changes = try (0..<2).map { _ in try gateway.beginGroup(held.token, name) }
        var read = try held.beginRead(name)
        var early = eventually(within: Self.glance) { read.receiveNow() }
        for _ in 0..<100 where early?.hasPrefix("HTTP/1.1 404") == true {
          // The change was not made yet.
          read = try held.beginRead(name)
          early = eventually(within: Self.glance) { read.receiveNow() }
        }
        let refused = changes.compactMap { $0.receiveNow() }
        let isEarly = try held.earlyReads() > before
        #expect(early?.hasPrefix("HTTP/1.1 200") != true || isEarly, "a read shows it")
        #expect(!refused.contains { $0.hasPrefix("HTTP/1.1 400") } || isEarly, "a refusal shows it")
        held.release()
        if early == nil {
          let answer = try read.receive()
          isReadHeld = try isReadHeld || answer.status == 200 && held.earlyReads() == before
        }
        if refused.isEmpty {
          let statuses = try changes.map { try $0.receive().status }
          isRefusalHeld = try isRefusalHeld || statuses.sorted() == [201, 400] && held.earlyReads() == before
        }
        try held.waitUntilSafe()
      }
      #expect(isReadHeld)
      #expect(isRefusalHeld)
      #expect(try gateway.stop() == 0)
    }
  }

  @Test("is in no read while the volume hangs: a read waits half a second, later ones do not")
  func long() async throws {
    try await HeldGateway.with { held in
      let gateway = held.gateway
      try held.hold()
      let change = try gateway.beginGroup(held.token, "long")
      // A read that met the change waited.
      let waited = try eventually { () -> Duration? in
        let start = ContinuousClock.now
        #expect(try held.get("long").status == 404)
        return try held.earlyReads() > 0 ? ContinuousClock.now - start : nil
      }
      #expect(try #require(waited) >= .milliseconds(500))
      let before = try held.earlyReads()
      let times = try (0..<10).map { (_: Int) throws -> Duration in
        let start = ContinuousClock.now
        #expect(try held.get("long").status == 404)
        #expect(try held.get("before").status == 200)
        return ContinuousClock.now - start
      }
      // A read that waits takes half a second. A busy machine may be as slow for some, and hardly for all.
      #expect(times.count { $0 < .milliseconds(500) } >= 3, "\(times)")
      #expect(try held.earlyReads() == before + 20)
      held.release()
      // It waits for the volume for 10 s at most.
      let late = try change.receive()
      #expect(late.status == 201 || late.code == "GTW504", "\(late.text)")
      try held.waitUntilSafe()
      #expect(try held.get("long").status == 200)
    }
  }

  @Test("is read at once where changes are acknowledged before their sync")
  func interval() async throws {
    try await HeldGateway.with(["MEM_JOURNAL": "interval"]) { held in
      try held.hold()
      try held.gateway.expect("POST", "/platform/group", held.token, ["group_name": "one"], 201)
      #expect(try held.get("one").status == 200)
      #expect(try held.earlyReads() == 0)
      held.release()
    }
  }
}
