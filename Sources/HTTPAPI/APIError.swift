package import HTTPTypes

/// The answer to a request that fails: a status, the contract's code, and a sentence that says what to do.
package struct APIError: Error, Sendable, Equatable {
  /// The HTTP status.
  package let status: Int
  /// The contract's code, or `nil` where the contract answers a bare sentence.
  package let code: String?
  /// A sentence that says what to do.
  package let message: String
  /// Header fields of the answer.
  package let headers: HTTPFields

  /// An answer.
  ///
  /// - Parameter headers: fields that the answer has besides the usual ones.
  package init(_ status: Int, _ code: String?, _ message: String, headers: HTTPFields = [:]) {
    self.status = status
    self.code = code
    self.message = message
    self.headers = headers
  }
}
