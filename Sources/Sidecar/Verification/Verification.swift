import DumpFormat
import JSON

/// The result of reading every byte of a dump.
enum Verification: Sendable, Equatable {
  /// What a dump that verifies holds.
  struct Good: Sendable, Equatable {
    let documents: Int
    /// The digest of the whole file, in hexadecimal.
    let sha256: String
    /// RFC 3339, authenticated.
    let createdAt: String
    let format: String
    /// Epoch and sequence, authenticated, or `nil` for dumps without them.
    let order: DumpOrder?
    /// The collections in the order of the dump.
    let collections: [Collection]

    /// A collection and the number of its documents.
    struct Collection: Sendable, Equatable {
      let name: String
      let documents: Int

      static func == (left: Collection, right: Collection) -> Bool {
        left.documents == right.documents && left.name.hasSameBytes(as: right.name)
      }
    }

    init(
      documents: Int, sha256: String, createdAt: String, format: String, order: DumpOrder? = nil,
      collections: [Collection]
    ) {
      self.documents = documents
      self.sha256 = sha256
      self.createdAt = createdAt
      self.format = format
      self.order = order
      self.collections = collections
    }

    init(_ summary: DumpSummary) {
      self.init(
        documents: summary.records, sha256: summary.sha256, createdAt: summary.createdAt, format: summary.format.label,
        order: summary.order,
        collections: summary.counts.map { Collection(name: $0.name, documents: $0.records) })
    }
  }

  case good(Good)
  /// The dump is damaged, with the reason in a sentence.
  case damaged(String)
  /// The dump may be good: it is encrypted with a key that is not configured, or by a newer program. With the reason in a
  /// sentence.
  case unopened(String)

  /// What the dump holds, or `nil` unless it verifies.
  var good: Good? { if case .good(let good) = self { good } else { nil } }

  /// Why the dump is not good, or `nil` when it is.
  var fault: String? {
    switch self {
    case .good: nil
    case .damaged(let reason), .unopened(let reason): reason
    }
  }
}

extension Verification {
  /// The result that an error of reading a dump means.
  ///
  /// - Returns: `nil` when the error says nothing about the file, only that it could not be read.
  init?(_ error: DumpFormatError) {
    switch error.code {
    case .inputOutput, .cryptography, .cancelled: return nil
    // The tag alone does not tell a damaged file from one that is encrypted with another key.
    case .damagedOrWrongKey, .unsupportedLayout, .unsupportedVersion: self = .unopened(error.description)
    case .notADump, .truncated, .malformedContent, .recordTooLarge, .wrongOrder: self = .damaged(error.description)
    }
  }
}
