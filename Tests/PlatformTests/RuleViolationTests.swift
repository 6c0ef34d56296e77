import HTTPAPI
import HTTPTypes
import Rules
import Testing

@testable import Platform

@Suite("The answer to a request that breaks a rule")
struct RuleViolationTests {
  @Test("has the code and the reason of the rule, and a status for them")
  func statuses() {
    #expect(APIError(RuleViolation("SEC012", "reason")) == APIError(400, "SEC012", "reason"))
    #expect(APIError(RuleViolation("VAL001", "reason")) == APIError(422, "VAL001", "reason"))
    // The requester must not see it, so it is missing.
    #expect(APIError(RuleViolation(nil, "reason")) == APIError(404, nil, "reason"))
  }

  @Test("has the status that the route declares for the code")
  func declared() {
    let statuses = { (path: String, method: String, code: String) -> [Int] in
      Resource.all.flatMap(\.routes).filter { $0.pattern.template == path && $0.method.rawValue == method }
        .compactMap { $0.status(of: code) }
    }
    #expect(statuses("/platform/group/{group_name}", "GET", "GRP003") == [404])
    #expect(statuses("/platform/group/{group_name}", "PUT", "GRP003") == [400])
    #expect(statuses("/platform/role/{role_name}", "DELETE", "ROLE016") == [403])
    #expect(statuses("/platform/user/{username}", "PUT", "USR002") == [404])
  }
}
