import HTTPAPI
import HTTPTypes
import JSON
import Model
import Rules

/// `/platform/security`
enum SecurityRoutes {
  static let routes: [Route] = [
    Route(
      .get, "/platform/security/settings", "Read the security settings", .permission(.manageSecurity, "SEC001"),
      using: \.security
    ) { call, security in
      let settings = call.state.settings
      var answer = settings.document
      answer["memory_only"] = true
      answer["allow_localhost_bypass_locked"] = .bool(security.lockedLocalhostBypass != nil)
      answer["security_warnings"] = .strings(await security.warnings(settings))
      answer["client_ip"] = call.caller.socket.map { .string($0.description) } ?? .null
      answer["client_ip_xff"] = call.caller.forwardedFor.first.map { .string($0) } ?? .null
      return .data(answer)
    },
    Route(
      .put, "/platform/security/settings", "Change the security settings", .permission(.manageSecurity, "SEC002"),
      body: .model(SecuritySettings.body, isOptional: true),
      failures: [400: ["MEM004", "SEC012", "SEC013"], 503: ["MEM006"]], using: \.security
    ) { call, security in
      let changes = call.body?.changes ?? [:]
      if let path = changes["dump_path"]?.string, call.state.settings.dumpPath?.hasSameBytes(as: path) != true {
        try await security.dumps.check(dumpPath: path)
      }
      if let locked = security.lockedLocalhostBypass, changes["allow_localhost_bypass"]?.bool ?? locked != locked {
        throw APIError(
          400, "SEC013",
          "allow_localhost_bypass is set by the environment variable LOCAL_HOST_IP_BYPASS; change it there")
      }
      let defaults = security.defaults
      let document = try await call.write { transaction in
        let settings = SecuritySettings(in: transaction, defaults: defaults)
        try settings.changed(by: changes, client: call.caller.client).save(in: &transaction)
        return SecuritySettings(in: transaction, defaults: defaults).document
      }
      return .data(document.merging(["memory_only": true]))
    },
  ]
}
