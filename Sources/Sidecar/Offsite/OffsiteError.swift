/// Why a copy can't be made or fetched.
struct OffsiteError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of failure.
  enum Code: String, Sendable {
    case credentials
    /// S3 refused the credentials, or the role may not do this.
    case refused
    case notFound = "not_found"
    case unreachable
    /// A file of the volume can't be read, or was replaced while it was.
    case unreadable
    /// The bytes that arrived are not those that were sent.
    case mismatch
    case tooLarge = "too_large"
    /// There is an object of that name.
    case taken
    /// The server does not know a part of the request.
    case unsupported
    /// S3 has copies that are not of this volume's history.
    case otherHistory = "other_history"
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
    case .credentials, .unreachable, .unreadable, .failed: true
    case .refused, .notFound, .mismatch, .tooLarge, .taken, .unsupported, .otherHistory: false
    }
  }

  /// Whether the failure is one of a single file, so that others can be copied.
  var isOfOneFile: Bool {
    switch code {
    case .unreadable, .mismatch, .tooLarge: true
    case .credentials, .refused, .notFound, .unreachable, .failed, .taken, .unsupported, .otherHistory: false
    }
  }
}
