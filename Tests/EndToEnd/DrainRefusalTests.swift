import Foundation
import JSON
import TestSupport
import Testing

@Suite("A drain of a gateway that refuses or fails")
struct DrainRefusalTests {
  @Test("logs in again when the token is not taken any more")
  func tokenExpired() async throws {
    try await withDoormanDump { generated, dump in
      let gateway = try FakeGateway { _, request in
        request.headers["authorization"] == "Bearer token-2"
          ? FakeGateway.wrote(dump.path()) : .json(#"{"error_code":"GTW998"}"#, status: 401)
      }
      let (code, receipt, _) = try drained(gateway, generated)
      #expect(code == 0)
      #expect(receipt["attempts"]?.array?.count == 2)
      #expect(gateway.server.count(of: "/platform/authorization") == 2)
    }
  }

  @Test("asks again while the gateway fails, and ends well when it does not any more")
  func failsAtFirst() async throws {
    try await withDoormanDump { generated, dump in
      let gateway = try FakeGateway { number, _ in
        switch number {
        case 1: .status(500)
        case 2: .close
        case 3: .json(#"{"error_code":"GTW503"}"#, status: 503)
        default: FakeGateway.wrote(dump.path())
        }
      }
      let (code, receipt, _) = try drained(gateway, generated)
      #expect(code == 0)
      // A connection that is closed without an answer is asked once more by libcurl itself.
      #expect((3...4).contains(receipt["attempts"]?.array?.count ?? 0))
      #expect(gateway.server.count(of: "/platform/memory/dump") == 4)
    }
  }

  @Test(
    "of a service that refuses ends at once, with an exit code of its own and the newest dump verified",
    arguments: [
      (403, 77, "forbidden"), (400, 69, "rejected"), (404, 69, "rejected"), (409, 70, "lease_lost"),
    ])
  func refused(status: Int, code: Int32, outcome: String) async throws {
    try await withDoormanDump { generated, _ in
      let gateway = try FakeGateway { _, _ in
        .json(#"{"error_code":"X1","error_message":"in its own words"}"#, status: status)
      }
      let (exit, receipt, log) = try drained(gateway, generated)
      #expect(exit == code)
      #expect(receipt["outcome"] == .string(outcome))
      #expect(receipt["attempts"]?.array?.count == 1)
      #expect(receipt["sentence"]?.string?.contains("in its own words") == true)
      #expect(receipt["dump"]?.object?["new"] == false)
      #expect(log.contains("drain.outcome=\(outcome)"))
    }
  }

  @Test("whose login is refused says what to set, and does not try for ever")
  func loginRefused() async throws {
    try await withDoormanDump { generated, _ in
      let gateway = try FakeGateway(
        logIn: { _ in .json(#"{"error_code":"AUTH002"}"#, status: 400) }, dump: { _, _ in .status(401) })
      let (code, receipt, log) = try drained(gateway, generated, waitsFor: "the login failed")
      #expect(code == 77)
      #expect(receipt["outcome"] == "login_refused")
      #expect(log.contains("SIDECAR_USERNAME and SIDECAR_PASSWORD"))
      #expect(gateway.server.count(of: "/platform/authorization") <= 6)
    }
  }

  @Test("goes on when its login is refused for a moment, as while a restore sets the account up again")
  func loginRefusedForAMoment() async throws {
    try await withDoormanDump { generated, dump in
      let refusals = Counter()
      let gateway = try FakeGateway(
        logIn: { number in
          number > 1 && refusals.next() <= 2
            ? .json(#"{"error_code":"AUTH002"}"#, status: 400) : .json(#"{"access_token":"token-\#(number)"}"#)
        },
        dump: { _, request in
          request.headers["authorization"] == "Bearer token-1" ? .status(401) : FakeGateway.wrote(dump.path())
        })
      let (code, receipt, _) = try drained(gateway, generated)
      #expect(code == 0)
      #expect(receipt["outcome"] == "drained")
    }
  }

  @Test("of a service that only fails, or hangs, ends by its deadline", arguments: ["fails", "hangs"])
  func deadline(kind: String) async throws {
    try await withDoormanDump { generated, _ in
      let gateway = try FakeGateway { _, _ in kind == "fails" ? .status(500) : .hang }
      let (code, receipt, _) = try drained(gateway, generated, ["DRAIN_DEADLINE": "20"])
      // The last request decides. On a busy machine the deadline may come before its answer.
      let results = receipt["attempts"]?.array?.compactMap { $0.object?["result"]?.string } ?? []
      let fails = results.last?.contains("answered 500") == true
      #expect(results.contains { $0.contains("answered 500") } == (kind == "fails"), "\(results)")
      #expect(code == (fails ? 69 : 75))
      #expect(receipt["outcome"] == (fails ? "dump_failed" : "timed_out"))
      // The standard deadline is much longer.
      #expect((receipt["took_ms"]?.number?.int ?? .max) <= 40000)
      // The newest that is there was verified all the same.
      #expect(receipt["verified"] == true)
    }
  }

  @Test("before the gateway was ever ready has nothing to save", arguments: ["starting", "absent"])
  func neverReady(kind: String) async throws {
    try await withDoormanDump { generated, _ in
      let gateway = try FakeGateway(
        readiness: { .json(#"{"status":"starting"}"#, status: 503) },
        logIn: { _ in .json(#"{"error_code":"GTW503"}"#, status: 503) }, dump: { _, _ in .status(503) })
      if kind == "absent" { gateway.server.stop() }
      let (code, receipt, _) = try drained(gateway, generated, waitsFor: "service.state")
      #expect(code == 0)
      #expect(receipt["outcome"] == "never_ready")
      #expect(receipt["service"]?.object?["was_ready"] == false)
    }
  }

  @Test("of a service that stops by itself, and was not seen ready, does not call it one that took no changes")
  func stoppingService() async throws {
    try await withDoormanDump { generated, _ in
      let gateway = try FakeGateway(
        readiness: { .json(#"{"status":"draining"}"#, status: 503) },
        logIn: { _ in .json(#"{"error_code":"GTW503"}"#, status: 503) }, dump: { _, _ in .status(503) })
      let (code, receipt, _) = try drained(gateway, generated, ["DRAIN_DEADLINE": "12"], waitsFor: "service.state")
      #expect(code == 75)
      #expect(receipt["outcome"] == "timed_out")
    }
  }
}
