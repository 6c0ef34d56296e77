import Clocks
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
    Route(.get, livenessPath, "Whether the process answers", .everyone, isOfTask: true) { _ in .raw(["status": "alive"])
    },
    Route(
      .get, readinessPath, "Whether the gateway takes requests", .optionalUser, failures: [503: []], isOfTask: true,
      using: \.status
    ) { call, status in
      let standby = status.standby()
      let (word, isReady) =
        switch status.availability() {
        case .starting: ("starting", false)
        case .ready: standby?.isBehind == true ? ("behind", false) : ("ready", true)
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
      // A task on standby is ready when its state is current: it reads, logs users in and forwards like any other.
      if status.availability() == .ready, let standby {
        answer["writer"] = false
        // Such a task can still be asked for a last dump, and no other one writes.
        if standby.hasLease { answer["lease"] = true }
        answer["reason"] = .string(standby.reason)
        if case .behind(let lag?) = standby.following {
          answer["lag_ms"] = .integer(lag.milliseconds)
        }
      }
      return .raw(.object(answer), status: isReady ? 200 : 503)
    },
  ]
}
