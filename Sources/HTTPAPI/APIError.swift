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
  /// Whether another task may take the request, since this one did nothing and is not the one that writes.
  package let isForOthers: Bool

  /// An answer.
  ///
  /// - Parameters:
  ///   - headers: fields that the answer has besides the usual ones.
  ///   - isForOthers: whether another task may take the request.
  package init(
    _ status: Int, _ code: String?, _ message: String, headers: HTTPFields = [:], isForOthers: Bool = false
  ) {
    self.isForOthers = isForOthers
    self.status = status
    self.code = code
    self.message = message
    self.headers = headers
  }
}
