import Settings
import Testing

@testable import GatehouseServer

@Suite("The health check")
struct HealthCheckTests {
  @Test("considers a task on standby healthy, and any status but 200 unhealthy")
  func judging() {
    let judge = { (status: Int, body: String) in HealthCheck.judge(status: status, body: Array(body.utf8)) }
    #expect(judge(200, #"{"status":"ready","mongodb":null}"#) == .ready)
    #expect(judge(200, #"{"status":"ready","writer":false,"reason":"another"}"#) == .standby(reason: "another"))
    #expect(judge(503, #"{"status":"starting"}"#) == .notReady("starting"))
    #expect(judge(502, "<html>") == .notReady("it answers 502"))
    #expect(judge(200, #"{"status":"ready","writer":false}"#).isWell)
    for body in ["", "{}", "<html>", #"{"writer":false}"#, #"{"status":"alive"}"#, "[]"] {
      #expect(!judge(200, body).isWell, "another program answers: \(body)")
      #expect(!judge(503, body).isWell)
    }
  }

  @Test(
    "asks where the gateway listens, as seen from its own host",
    arguments: [
      ([:], "127.0.0.1", 5001), (["HOST": "::", "PORT": "80"], "127.0.0.1", 80), (["HOST": "::1"], "::1", 5001),
    ]
  )
  func address(environment: [String: String], host: String, port: Int) {
    var reader = EnvironmentReader(environment) { _ in "" }
    let address = HealthCheck.Address(&reader)
    #expect(address.host == host)
    #expect(address.port == port)
    #expect(!address.isSecure)
    var secure = EnvironmentReader(["SSL_CERTFILE": "/x"]) { _ in "" }
    #expect(HealthCheck.Address(&secure).isSecure)
  }
}
