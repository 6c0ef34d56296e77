import DumpFormat
import JSON

/// What reading every byte of a dump showed.
enum Verification: Sendable, Equatable {
  struct Good: Sendable, Equatable {
    let documents: Int
    /// Of the whole file, in hexadecimal.
    let sha256: String
    /// RFC 3339, authenticated.
    let createdAt: String
    let format: String
    /// Authenticated; `nil` for dumps that carry none.
    let order: DumpOrder?
    /// Documents by collection, as they come in the dump.
    let collections: [Collection]

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
  /// With the reason, in a sentence.
  case damaged(String)
  /// It may be good: sealed with a key that is not at hand, or by a newer program. With the reason, in a sentence.
  case unopened(String)

  var good: Good? { if case .good(let good) = self { good } else { nil } }

  /// Why it is not good; `nil` when it is.
  var fault: String? {
    switch self {
    case .good: nil
    case .damaged(let reason), .unopened(let reason): reason
    }
  }
}

extension Verification {
  /// - Returns: `nil` when the error says nothing of the file, but what kept it from being read.
  init?(_ error: DumpFormatError) {
    switch error.code {
    case .inputOutput, .cryptography, .cancelled: return nil
    // By its tag alone nobody can tell a damaged file from one that another key sealed.
    case .damagedOrWrongKey, .unsupportedLayout, .unsupportedVersion: self = .unopened(error.description)
    case .notADump, .truncated, .malformedContent, .recordTooLarge, .wrongOrder: self = .damaged(error.description)
    }
  }
}
