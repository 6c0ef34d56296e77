/// A cryptographic library refused an operation.
package struct CryptographyError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The operation, as `AES-256-GCM`.
  package let operation: String

  /// A failure of an operation.
  package init(_ operation: String) {
    self.operation = operation
  }

  package var description: String { "the cryptographic library refused: \(operation)" }
}
