/// Why a copy can't be made or fetched.
struct OffsiteError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of failure.
  enum Code: String, Sendable {
    case credentials
    /// S3 refused the credentials, or the role may not do this.
    case refused
    case notFound = "not_found"
    case unreachable
    /// The bytes that arrived are not those that were sent.
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

  /// Whether another attempt may soon succeed.
  var mayPass: Bool {
    switch code {
    case .credentials, .unreachable, .failed: true
    case .refused, .notFound, .mismatch, .tooLarge: false
    }
  }
}
