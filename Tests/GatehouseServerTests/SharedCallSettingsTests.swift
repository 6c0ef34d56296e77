import Foundation
import Gateway
import HTTPAPI
import TestSupport
import Testing

@testable import GatehouseServer

@Suite("The settings of calls for compression, and those that calls share with the platform API")
struct SharedCallSettingsTests {
  private func load(_ changes: [String: String]) throws -> GatewayConfiguration {
    try Configuration.load(ConfigurationTests.secrets.merging(changes) { $1 }, descriptors: 20_000) { _ in "" }.gateway
  }

  @Test("have Doorman's defaults")
  func defaults() throws {
    let gateway = try load([:])
    #expect(gateway.compressionLevel == 1 && gateway.compressionMinimumSize == 500)
    #expect(gateway.bodyLimitExcludedPaths.isEmpty && gateway.envelope == .plain && !gateway.isSecure)
  }

  @Test("of compression reach the rule for compression, and it can be off")
  func compression() throws {
    let smallest = try load(["COMPRESSION_LEVEL": "9", "COMPRESSION_MINIMUM_SIZE": "0"])
    #expect(smallest.compressionLevel == 9 && smallest.compressionMinimumSize == 0)
    let on = try load(["COMPRESSION_ENABLED": "true", "COMPRESSION_LEVEL": "4", "COMPRESSION_MINIMUM_SIZE": "70000"])
    #expect(on.compressionLevel == 4 && on.compressionMinimumSize == 70_000)
    #expect(try load(["COMPRESSION_ENABLED": "false", "COMPRESSION_LEVEL": "9"]).compressionLevel == nil)
  }

  @Test("leave the same paths without a limit of bodies, and have the same envelope")
  func shared() throws {
    let gateway = try load([
      "BODY_LIMIT_EXCLUDE_PATHS": "/api/rest/files/v1/upload,/api/rest/media/*", "STRICT_RESPONSE_ENVELOPE": "true",
    ])
    for path in ["/api/rest/files/v1/upload", "/api/rest/media/v1/x", "/api/rest/media/"] {
      #expect(gateway.bodyLimitExcludedPaths.contains(path), "\(path)")
    }
    for path in ["/api/rest/files/v1/upload/x", "/api/rest/files/v1", "/api/rest/medi"] {
      #expect(!gateway.bodyLimitExcludedPaths.contains(path), "\(path)")
    }
    #expect(gateway.envelope == .strict)
  }

  @Test("know that the port speaks TLS")
  func secure() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      #expect(try load(TestCertificate("port", in: root).settings).isSecure)
    }
  }
}
