/// Why a call is refused, as its caller is told: an HTTP status, the contract's code and a sentence that says what to do.
package struct Refusal: Error, Sendable, Equatable {
  package let status: Int
  /// `nil` where the contract answers a bare sentence.
  package let code: String?
  package let message: String

  package init(_ status: Int, _ code: String?, _ message: String) {
    self.status = status
    self.code = code
    self.message = message
  }
}
