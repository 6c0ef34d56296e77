import HTTPAPI
import HTTPTypes
import JSON
import Model

/// `/platform/monitor`: probes.
package enum MonitorRoutes {
  static let livenessPath = "/platform/monitor/liveness"
  /// The path of the readiness probe.
  package static let readinessPath = "/platform/monitor/readiness"

  static let routes: [Route] = [
    Route(.get, livenessPath, "Whether the process answers", .everyone) { _ in .raw(["status": "alive"]) },
    Route(
      .get, readinessPath, "Whether the gateway takes requests", .optionalUser, failures: [503: []], using: \.status
    ) { call, status in
      let (word, isReady) =
        switch status.availability() {
        case .starting: ("starting", false)
        case .ready: ("ready", true)
        case .draining: ("draining", false)
        }
      let seesDetails = call.session?.requester.may(.manageGateway) ?? false
      var answer: JSONObject = [
        "status": .string(word),
        // Doorman's names for "the store works": here it is this process's memory.
        "mongodb": seesDetails ? .bool(isReady) : .null,
        "redis": seesDetails ? .bool(isReady) : .null,
        "mode": seesDetails ? "memory" : .null,
        "cache_backend": seesDetails ? "memory" : .null,
      ]
      // A task on standby is ready: it reads, logs users in and forwards like any other.
      if isReady, let standby = status.standby() {
        answer["writer"] = false
        answer["reason"] = .string(standby.reason)
      }
      return .raw(.object(answer), status: isReady ? 200 : 503)
    },
  ]
}
