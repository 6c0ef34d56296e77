import HTTPClient

/// Why a request to the gateway failed.
struct GatewayError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of failure.
  enum Code: String, Sendable {
    /// Nothing listens at its address.
    case gone
    /// The gateway could not be reached. It may be there: its queue of connections may be full, or this process may
    /// have no descriptor left.
    case unreachable
    /// The gateway is there, and loads its state or stops.
    case notReady = "not_ready"
    /// The name or the password is wrong, or the account is not active.
    case loginRefused = "login_refused"
    /// Too many logins from this address.
    case loginLimited = "login_limited"
    /// The token is no longer valid.
    case tokenRefused = "token_refused"
    /// The account may not request dumps.
    case forbidden
    /// The gateway does not hold the lease of this volume: another task does, or the volume is full. There is nothing
    /// to save.
    case standby
    /// The gateway refused, for a reason that a further request does not change.
    case rejected
    /// The gateway tried and failed.
    case failed
    case timedOut = "timed_out"
    case interrupted
    /// The answer is neither Gatehouse's nor Doorman's.
    case strange
  }

  let code: Code
  let description: String
  /// The seconds that the gateway asks to wait before the next request.
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
