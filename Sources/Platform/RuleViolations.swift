import JSON
import Model
package import Resources
package import Rules

extension Route {
  /// Runs the handler, and answers a rule that it breaks with the status that the route declares for the rule's code.
  func answer(_ call: Call, _ platform: PlatformServices) async throws -> Answer {
    do {
      return try await handler(call, platform)
    } catch let violation as RuleViolation {
      throw Refusal(violation, declared: failures)
    }
  }
}

extension Refusal {
  /// The answer to a request that breaks a rule.
  package init(_ violation: RuleViolation) {
    self.init(violation, declared: [])
  }

  fileprivate init(_ violation: RuleViolation, declared: [Route.Failure]) {
    let status = declared.first { failure in violation.code.map(failure.codes.containsBytes) == true }?.status
    self.init(status ?? Self.status(of: violation.code), violation.code, violation.reason)
  }

  /// The status of a code that the route does not declare.
  private static func status(of code: String?) -> Int {
    switch code {
    case nil: 404
    case "VAL001": 422
    default: 400
    }
  }
}
