package import DumpFormat

/// The result of reading every byte of a dump or a journal.
package enum Verification<Contents: Sendable & Equatable>: Sendable, Equatable {
  /// Every byte is authentic.
  case good(Contents)
  /// The file is of another kind, or not whole. With the reason, in a sentence.
  case damaged(String)
  /// No key decrypts it, or a newer program wrote it, so it may be good. With the reason, in a sentence.
  case unopened(String)

  /// The contents, or `nil` when the file is not good.
  package var good: Contents? { if case .good(let good) = self { good } else { nil } }

  /// Why it is not good; `nil` when it is.
  package var fault: String? {
    switch self {
    case .good: nil
    case .damaged(let reason), .unopened(let reason): reason
    }
  }
}

extension Verification {
  /// - Returns: `nil` when the error says nothing of the file, but what kept it from being read.
  package init?(_ error: DumpFormatError) {
    switch error.code {
    case .inputOutput, .cryptography, .cancelled: return nil
    // In DMP1 the tag alone does not tell a damaged file from one that was encrypted with another key.
    case .damagedOrWrongKey, .noKey, .unsupportedLayout, .unsupportedVersion: self = .unopened(error.description)
    case .notADump, .truncated, .damaged, .malformedContent, .recordTooLarge, .wrongOrder:
      self = .damaged(error.description)
    }
  }
}
