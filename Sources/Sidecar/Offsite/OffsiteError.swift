/// Why copies can't be made or had.
struct OffsiteError: Error, Sendable, Equatable, CustomStringConvertible {
  enum Code: String, Sendable {
    case credentials
    /// S3 refused them, or the role may not do this.
    case refused
    case notFound = "not_found"
    case unreachable
    /// What arrived is not what was sent.
    case mismatch
    case tooLarge = "too_large"
    case failed
  }

  let code: Code
  let description: String

  init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }

  /// Whether trying again soon may go better.
  var mayPass: Bool {
    switch code {
    case .credentials, .unreachable, .failed: true
    case .refused, .notFound, .mismatch, .tooLarge: false
    }
  }
}
