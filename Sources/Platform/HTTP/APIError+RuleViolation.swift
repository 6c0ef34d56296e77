import Authentication
import HTTPAPI
import HTTPTypes
package import Rules

extension Route {
  /// Runs the handler. A broken rule answers the status that the route declares for its code.
  func answer(_ call: Call, _ services: PlatformServices) async throws -> Answer {
    do {
      return try await handler(call, services)
    } catch let violation as RuleViolation {
      guard let code = violation.code else { throw APIError(violation) }
      let declared = status(of: code)
      assert(declared != nil, "\(method.rawValue) \(pattern.template) does not declare \(code)")
      throw APIError(violation, status: declared)
    }
  }
}

extension APIError {
  /// The answer to a request that breaks a rule.
  ///
  /// - Parameter status: the declared status, or `nil` for the usual one.
  package init(_ violation: RuleViolation, status: Int? = nil) {
    self.init(status ?? Self.usualStatus(of: violation.code), violation.code, violation.reason)
  }

  private static func usualStatus(of code: String?) -> Int {
    switch code {
    // A resource that the requester must not see counts as missing.
    case nil: 404
    case "VAL001": 422
    default: 400
    }
  }

  /// The answer to any error of a handler, or `nil` for one that nobody foresaw.
  init?(_ error: any Error) {
    switch error {
    case let error as APIError where error.status == 503 && error.headers[.retryAfter] == nil:
      self.init(
        error.status, error.code, error.message, headers: error.headers.merged([.retryAfter: "5"]),
        isForOthers: error.isForOthers)
    case let error as APIError:
      self = error
    case let error as AuthenticationError where error.code == .busy:
      self.init(
        503, "GTW503", "Too many logins at once; try again in a few seconds", headers: [.retryAfter: "5"])
    default:
      return nil
    }
  }
}

extension HTTPFields {
  fileprivate func merged(_ others: HTTPFields) -> HTTPFields {
    var fields = self
    fields.append(contentsOf: others)
    return fields
  }
}
