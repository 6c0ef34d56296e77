import HTTPTypes
import JSON
import Model

/// `/platform/monitor`: probes.
package enum MonitorRoutes {
  static let livenessPath = "/platform/monitor/liveness"
  package static let readinessPath = "/platform/monitor/readiness"

  static let routes: [Route] = [
    Route(.get, livenessPath, "Whether the process answers", .everyone) { _, _ in .raw(["status": "alive"]) },
    Route(.get, readinessPath, "Whether the service takes calls", .optionalUser, failures: [503: []]) {
      call, platform in
      let (word, isReady) =
        switch platform.availability() {
        case .starting: ("starting", false)
        case .ready: ("ready", true)
        case .draining: ("draining", false)
        }
      let seesDetails = call.session?.actor.may(.manageGateway) ?? false
      var answer: JSONObject = [
        "status": .string(word),
        // The peer's names for "the store works": here it is this process's memory.
        "mongodb": seesDetails ? .bool(isReady) : .null,
        "redis": seesDetails ? .bool(isReady) : .null,
        "mode": seesDetails ? "memory" : .null,
        "cache_backend": seesDetails ? "memory" : .null,
      ]
      // Ready all the same: a task on standby reads, logs in and forwards like any other.
      if isReady, let standby = platform.standby() {
        answer["writer"] = false
        answer["reason"] = .string(standby.reason)
      }
      return .raw(.object(answer), status: isReady ? 200 : 503)
    },
  ]
}
