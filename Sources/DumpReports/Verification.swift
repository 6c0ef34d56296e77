package import DumpFormat
package import JSON

/// What reading every byte of a dump showed.
package enum Verification: Sendable, Equatable {
  /// What a good dump holds.
  package struct Good: Sendable, Equatable {
    /// Of all collections.
    package let documents: Int
    /// Of the whole file, in hexadecimal.
    package let sha256: String
    /// RFC 3339, authenticated.
    package let createdAt: String
    /// As `DMP1`.
    package let format: String
    /// Authenticated; `nil` for dumps that carry none.
    package let order: DumpOrder?
    /// Documents by collection, as they come in the dump.
    package let collections: [Collection]

    /// The documents of one collection.
    package struct Collection: Sendable, Equatable {
      package let name: String
      package let documents: Int

      package init(name: String, documents: Int) {
        self.name = name
        self.documents = documents
      }

      package static func == (left: Collection, right: Collection) -> Bool {
        left.documents == right.documents && left.name.hasSameBytes(as: right.name)
      }
    }

    package init(
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

    package init(_ summary: DumpSummary) {
      self.init(
        documents: summary.records, sha256: summary.sha256, createdAt: summary.createdAt, format: summary.format.label,
        order: summary.order,
        collections: summary.counts.map { Collection(name: $0.name, documents: $0.records) })
    }
  }

  /// Every byte is authentic.
  case good(Good)
  /// The file is no dump, or not whole. With the reason, in a sentence.
  case damaged(String)
  /// No key decrypts it, or a newer program wrote it, so it may be good. With the reason, in a sentence.
  case unopened(String)

  /// What it holds; `nil` when it is not good.
  package var good: Good? { if case .good(let good) = self { good } else { nil } }

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
    // The tag alone does not tell a damaged file from one that was encrypted with another key.
    case .damagedOrWrongKey, .unsupportedLayout, .unsupportedVersion: self = .unopened(error.description)
    case .notADump, .truncated, .malformedContent, .recordTooLarge, .wrongOrder: self = .damaged(error.description)
    }
  }
}

extension Verification.Good {
  /// The spelling in JSON: of reports, of the sidecar's cache and of receipts.
  package var fields: [(String, JSONValue)] {
    [
      ("format", .string(format)), ("created_at", .string(createdAt)), ("documents", .integer(documents)),
      ("sha256", .string(sha256)), ("epoch", order.map { .integer($0.epoch) } ?? .null),
      ("sequence", order.map { .integer($0.sequence) } ?? .null),
      ("collections", .object(JSONObject(collections.map { ($0.name, .integer($0.documents)) }))),
    ]
  }
}
