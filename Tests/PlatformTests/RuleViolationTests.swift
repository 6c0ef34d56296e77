import HTTPAPI
import Rules
import Testing

@testable import Platform

@Suite("The answer to a request that breaks a rule")
struct RuleViolationTests {
  @Test("has the code and the reason of the rule, and a status for them", arguments: ["SEC012", "VAL001", nil])
  func statuses(code: String?) {
    let error = APIError(RuleViolation(code, "reason"), status: nil)
    #expect(error.code == code && error.message == "reason")
    // The requester must not see what has no code, so it is missing.
    #expect(error.status == (code == nil ? 404 : code == "VAL001" ? 422 : 400))
    #expect(APIError(RuleViolation(code, "reason"), status: 403).status == 403)
  }
}
