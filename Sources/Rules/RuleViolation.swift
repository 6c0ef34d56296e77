/// The reason why a change, or a look at something that is hidden, breaks a rule.
package struct RuleViolation: Error, Sendable, Equatable {
  /// The contract's code. It is `nil` where the contract has none: for what the requester must not see, which counts as
  /// missing.
  package let code: String?
  /// A sentence that says what to do.
  package let reason: String

  /// A violation with the contract's code and a sentence that says what to do.
  package init(_ code: String?, _ reason: String) {
    self.code = code
    self.reason = reason
  }
}
