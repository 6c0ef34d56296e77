import DumpFormat

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

  var good: Good? { if case .good(let good) = self { good } else { nil } }
}
