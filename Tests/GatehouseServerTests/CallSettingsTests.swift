import Gateway
import Settings
import Testing

@testable import GatehouseServer

@Suite("The settings of requests to APIs")
struct CallSettingsTests {
  private func load(_ changes: [String: String]) throws -> GatewayConfiguration {
    try Configuration.load(ConfigurationTests.secrets.merging(changes) { $1 }, descriptors: 20_000) { _ in "" }.gateway
  }

  private func faults(_ changes: [String: String]) -> [ConfigurationFaults.Fault] {
    do {
      _ = try load(changes)
      return []
    } catch {
      return (error as? ConfigurationFaults)?.faults ?? []
    }
  }

  @Test("have Doorman's defaults")
  func defaults() throws {
    let gateway = try load([:])
    let times = gateway.timeouts
    #expect([times.connect, times.read, times.write, times.pool] == [5, 30, 30, 30])
    #expect([gateway.pool.maximum, gateway.pool.kept] == [100, 50] && gateway.pool.expiry == 30)
    #expect(gateway.retries.baseDelay == 0.25 && gateway.retries.maximumDelay == 2)
    #expect(gateway.breakerIsEnabled && gateway.breakerThreshold == 5 && gateway.breakerPause == 30)
    #expect(!gateway.enforcesAdminSubscription && !gateway.refusesUnknownPreflights)
    #expect(gateway.maximumBodySize == 1_048_576 && gateway.accessLog == .all)
  }

  @Test("each reach their own value")
  func values() throws {
    let gateway = try load([
      "HTTP_CONNECT_TIMEOUT": "1.5", "HTTP_READ_TIMEOUT": "2.0", "HTTP_WRITE_TIMEOUT": "3", "HTTP_TIMEOUT": "0.25",
      "HTTP_MAX_CONNECTIONS": "7", "HTTP_MAX_KEEPALIVE": "0", "HTTP_KEEPALIVE_EXPIRY": "6.5",
      "HTTP_RETRY_BASE_DELAY": "0", "HTTP_RETRY_MAX_DELAY": "9", "CIRCUIT_BREAKER_ENABLED": "false",
      "CIRCUIT_BREAKER_THRESHOLD": "8", "CIRCUIT_BREAKER_TIMEOUT": "11", "ENFORCE_ADMIN_SUBSCRIPTION": "true",
      "STRICT_OPTIONS_405": "true", "ACCESS_LOG": "Errors", "HTTP_ENABLE_HTTP2": "false",
    ])
    let times = gateway.timeouts
    #expect([times.connect, times.read, times.write, times.pool] == [1.5, 2, 3, 0.25])
    #expect([gateway.pool.maximum, gateway.pool.kept] == [7, 0] && gateway.pool.expiry == 6.5)
    #expect(gateway.retries.baseDelay == 0 && gateway.retries.maximumDelay == 9)
    #expect(!gateway.breakerIsEnabled && gateway.breakerThreshold == 8 && gateway.breakerPause == 11)
    #expect(gateway.enforcesAdminSubscription && gateway.refusesUnknownPreflights && gateway.accessLog == .errors)
  }

  @Test("limit bodies as the platform API does, unless they say otherwise")
  func bodies() throws {
    #expect(try load(["MAX_BODY_SIZE_BYTES": "10"]).maximumBodySize == 10)
    #expect(try load(["MAX_BODY_SIZE_BYTES": "10", "MAX_BODY_SIZE_BYTES_REST": "20"]).maximumBodySize == 20)
    let none = try load(["DISABLE_BODY_SIZE_LIMIT": "true", "MAX_BODY_SIZE_BYTES_REST": "20"])
    #expect(none.maximumBodySize == nil)
  }

  @Test("refuse HTTP/2, and times that are no decimal number of seconds")
  func refusals() {
    let http2 = faults(["HTTP_ENABLE_HTTP2": "true"])
    #expect(http2.map(\.name) == ["HTTP_ENABLE_HTTP2"] && http2.first?.sentence.contains("HTTP/1.1 only") == true)
    for text in ["nan", "inf", "1e3", "0x10", "-1", "0", "86400.1", "5s", "1.2.3", "."] {
      let faults = faults(["HTTP_READ_TIMEOUT": text])
      #expect(faults.map(\.name) == ["HTTP_READ_TIMEOUT"], "\(text)")
    }
  }
}
