import DumpFormat
import JSON

/// What reading every byte of a dump showed.
enum Verification: Sendable, Equatable {
  struct Good: Sendable, Equatable {
    /// What the dump says of itself, authenticated.
    let header: DumpHeader
    /// The number of documents of all collections.
    let documents: Int
    /// The digest of the whole file, in hexadecimal.
    let sha256: String
    /// Documents by collection, as they come in the dump.
    let collections: [Collection]

    struct Collection: Sendable, Equatable {
      let name: String
      let documents: Int

      static func == (left: Collection, right: Collection) -> Bool {
        left.documents == right.documents && left.name.hasSameBytes(as: right.name)
      }
    }

    /// The header's time.
    var createdAt: String { header.createdAt }
    /// The header's order.
    var order: DumpOrder? { header.order }
    /// The name of the header's format.
    var format: String { header.format.label }

    init(header: DumpHeader, documents: Int, sha256: String, collections: [Collection]) {
      self.header = header
      self.documents = documents
      self.sha256 = sha256
      self.collections = collections
    }

    init(_ summary: DumpSummary) {
      self.init(
        header: summary.header, documents: summary.records, sha256: summary.sha256,
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
