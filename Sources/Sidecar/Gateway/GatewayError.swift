import HTTPClient

/// Why the service did not do what it was asked.
struct GatewayError: Error, Sendable, Equatable, CustomStringConvertible {
  enum Code: String, Sendable {
    /// Nobody listens at its address.
    case gone
    /// It could not be reached, which does not show that it is gone: its queue of connections is full, or this process
    /// has no descriptor left.
    case unreachable
    /// It is there, and is loading its state or stopping.
    case notReady = "not_ready"
    /// The name or the password is wrong, or the account is not active.
    case loginRefused = "login_refused"
    /// Too many logins from this address.
    case loginLimited = "login_limited"
    /// The token is not taken any more.
    case tokenRefused = "token_refused"
    /// The account may not ask for dumps.
    case forbidden
    /// It does not hold the lease of this volume, as another task does, or as the volume is full: there is nothing here
    /// to save.
    case standby
    /// It answered that it can't, for a reason that asking again does not change.
    case rejected
    /// It tried and failed.
    case failed
    case timedOut = "timed_out"
    case interrupted
    /// The answer is not that of a gatehouse service, or of its peer.
    case strange
  }

  let code: Code
  let description: String
  /// Seconds, as the service asks for.
  var retryAfter: Int?

  init(_ code: Code, _ description: String, retryAfter: Int? = nil) {
    self.code = code
    self.description = description
    self.retryAfter = retryAfter
  }

  init(_ error: HTTPClientError) {
    let code: Code =
      switch error.code {
      case .cannotConnect: error.isNobodyThere ? .gone : .unreachable
      case .timedOut: .timedOut
      case .interrupted: .interrupted
      case .untrusted, .unusable: .rejected
      case .brokenOff: .failed
      case .tooLarge, .other: .strange
      }
    self.init(code, error.description)
  }
}
