import HTTPTypes
import JSON
import Model
import Resources
import Rules

/// `/platform/security`
enum SecurityRoutes {
  static let routes: [Route] = [
    Route(
      .get, "/platform/security/settings", "Read the security settings", .permission(.manageSecurity, "SEC001"),
      failures: [403: ["SEC001"]]
    ) { call, platform in
      let settings = platform.settings
      var answer = settings.document
      answer["memory_only"] = true
      answer["allow_localhost_bypass_locked"] = .bool(platform.configuration.localhostBypass != nil)
      answer["security_warnings"] = .strings(settings.warnings + (await dumpPathWarnings(settings, platform)))
      answer["client_ip"] = call.caller.socket.map { .string($0.description) } ?? .null
      answer["client_ip_xff"] = call.caller.forwardedFor.first.map { .string($0) } ?? .null
      return .data(answer)
    },
    Route(
      .put, "/platform/security/settings", "Change the security settings", .permission(.manageSecurity, "SEC002"),
      body: .model(SecuritySettings.body, isOptional: true),
      failures: [400: ["MEM004", "SEC012"], 403: ["SEC002"]]
    ) { call, platform in
      let body = try call.body ?? SecuritySettings.empty()
      if let path = body.string("dump_path"), platform.settings.dumpPath?.hasSameBytes(as: path) != true {
        try await platform.dumps.check(dumpPath: path)
      }
      if let locked = platform.configuration.localhostBypass,
        body.changes["allow_localhost_bypass"]?.bool ?? locked != locked
      {
        throw Refusal(
          400, "SEC013",
          "allow_localhost_bypass is set by the environment variable LOCAL_HOST_IP_BYPASS; change it there")
      }
      let defaults = platform.configuration.settings
      let document = try await platform.write { (transaction) throws in
        let settings = SecuritySettings(in: transaction, defaults: defaults)
        try settings.changed(by: body.changes, client: call.caller.client).save(in: &transaction)
        return SecuritySettings(in: transaction, defaults: defaults).document
      }
      return .data(document.merging(["memory_only": true]))
    },
  ]

  /// A restored dump brings its own `dump_path`, which may be that of another machine.
  private static func dumpPathWarnings(_ settings: SecuritySettings, _ platform: PlatformServices) async -> [String] {
    guard let path = settings.dumpPath else { return [] }
    do {
      try await platform.dumps.check(dumpPath: path)
      return []
    } catch {
      return ["dump_path is not used, dumps go where MEM_DUMP_PATH says: \(error.message)"]
    }
  }
}
