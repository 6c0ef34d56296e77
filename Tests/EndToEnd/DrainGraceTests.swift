import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@Suite("The grace of a stop")
struct DrainGraceTests {
  private let group: JSONValue = ["group_name": "late", "group_description": "made in the grace"]

  private func send(_ connection: HTTPConnection, _ path: String) throws -> HTTPAnswer {
    try connection.send("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
    return try connection.receive()
  }

  @Test("takes requests on open and new connections, closes each of them, and saves what they change")
  func grace() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let dumps = root.appending(path: "generated")
      try await withGatehouse(dumps: dumps, ["DRAIN_GRACE": "20"]) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        let open = try HTTPConnection(port: gatehouse.port)
        #expect(try send(open, "/platform/monitor/readiness").status == 200)
        let caller = try HTTPConnection(port: gatehouse.port)
        let before = try send(caller, "/api/rest/none/v1/x")
        #expect(before.status == 404 && before.header("connection") == nil)
        let start = ContinuousClock.now
        gatehouse.signal(SIGTERM)
        let isUnready: Bool? = try eventually {
          try gatehouse.send("GET", "/platform/monitor/readiness").status == 503 ? true : nil
        }
        #expect(isUnready == true)
        let answer = try send(open, "/platform/openapi.json")
        #expect(answer.status == 200 && answer.header("connection") == "close")
        #expect(open.isClosedByServer())
        #expect(try gatehouse.send("POST", "/platform/group", token: token, json: group).status == 201)
        let refused = try send(caller, "/api/rest/none/v1/x")
        #expect(refused.status == 404 && refused.header("connection") == "close")
        #expect(caller.isClosedByServer())
        #expect(try gatehouse.waitForExit() == 0)
        #expect(ContinuousClock.now - start >= .seconds(20))
        #expect(gatehouse.logs("leaving: not ready any more"))
      }
      try await withGatehouse(dumps: dumps) { (gatehouse: GatehouseProcess) async throws in
        #expect(try gatehouse.send("GET", "/platform/group/late", token: gatehouse.logIn()).status == 200)
      }
    }
  }

  @Test("ends at a second signal, and the last dump is written")
  func hurry() async throws {
    try await withGatehouse(["DRAIN_GRACE": "300"]) { (gatehouse: GatehouseProcess) async throws in
      gatehouse.signal(SIGTERM)
      try gatehouse.waitForLog("leaving: not ready any more")
      #expect(try gatehouse.stop() == 0)
      #expect(gatehouse.logs("the last dump is safe"))
    }
  }
}
