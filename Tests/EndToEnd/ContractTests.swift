import Foundation
import JSON
import TestSupport
import Testing

@Suite("The recorded contract")
struct ContractTests {
  @Test("is answered line by line by a fresh server")
  func replay() async throws {
    let upstream = try EchoUpstream()
    defer { upstream.stop() }
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      var replay = Replay(gatehouse: gatehouse)
      waitForRoomInDay()
      for exchange in try Exchange.all(upstream: upstream.port) {
        for difference in try replay.differences(exchange) {
          Issue.record("\(exchange.name): \(difference)")
        }
      }
      #expect(replay.count == 148)
    }
  }

  /// The exchanges that the gateway does not serve yet. One is removed from the list when it is.
  private static func waiting() throws -> Set<String> {
    Set(try Fixture.text("exchanges-policies-waiting.txt").split(separator: "\n").map(String.init))
  }

  @Test("has policies of the data plane, which a fresh server keeps")
  func policies() async throws {
    let upstream = try EchoUpstream()
    defer { upstream.stop() }
    let (exchanges, waiting) = (
      try Exchange.all("exchanges-policies.jsonl", upstream: upstream.port), try Self.waiting()
    )
    #expect(exchanges.count == 193)
    #expect(waiting.isSubset(of: exchanges.map(\.name)))
    let settings = ["VAULT_KEY": "vault", "TOKEN_ENCRYPTION_KEY": "token", "REGISTER_IP_RATE_LIMIT": "1000000"]
    try await withGatehouse(settings) { (gatehouse: GatehouseProcess) async throws in
      var replay = Replay(gatehouse: gatehouse)
      waitForRoomInDay()
      for exchange in exchanges where !waiting.contains(exchange.name) {
        for difference in try replay.differences(exchange) {
          Issue.record("\(exchange.name): \(difference)")
        }
      }
      #expect(replay.count == exchanges.count - waiting.count)
    }
  }

  /// A window of a day must not end between the calls that it limits.
  private func waitForRoomInDay() {
    _ = eventually(within: .seconds(90)) {
      Date().timeIntervalSince1970.truncatingRemainder(dividingBy: 86_400) < 86_340 ? true : nil
    }
  }

  @Test("has a comparison that finds differences")
  func comparison() {
    let compare = BodyComparison(exchange: "api: read")
    let recorded: JSONValue = ["message": "<text>", "total": 2, "api_id": "04aa4648-3c1e-46b2-ada2-dfae596c8294"]
    let good: JSONValue = ["message": "done", "total": 2, "api_id": "00000000-3c1e-46b2-ada2-dfae596c8294"]
    #expect(compare.differences(recorded, good).isEmpty)
    let faults: [JSONValue] = [
      ["message": "", "total": 2, "api_id": "00000000-3c1e-46b2-ada2-dfae596c8294"],
      ["message": "done", "total": 3, "api_id": "00000000-3c1e-46b2-ada2-dfae596c8294"],
      ["message": "done", "total": "2", "api_id": "00000000-3c1e-46b2-ada2-dfae596c8294"],
      ["message": "done", "total": 2, "api_id": 7],
      ["message": "done", "total": 2],
      ["message": "done", "total": 2, "api_id": "00000000-3c1e-46b2-ada2-dfae596c8294", "more": .null],
    ]
    for fault in faults { #expect(compare.differences(recorded, fault).count == 1) }
  }
}
