/// A failure on our side when users prove who they are.
package struct AuthenticationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of a failure.
  package enum Code: String, Sendable {
    case hashingFailed
    case busy
    case invalidKeys
    case signingFailed
    case invalidToken
  }

  /// The kind of the failure.
  package let code: Code
  private let detail: String

  /// A failure.
  package init(_ code: Code, _ detail: String = "") {
    self.code = code
    self.detail = detail
  }

  package var description: String {
    switch code {
    case .hashingFailed: "the password can't be hashed; passwords can't hold NUL characters"
    case .busy: "too many passwords are being checked at once; try again in a few seconds"
    case .invalidKeys: detail
    case .signingFailed: "the token can't be signed: \(detail)"
    case .invalidToken: "the token is not valid"
    }
  }
}
