package import DumpFormat
package import JSON

/// The contents of a good dump.
package struct GoodDump: Sendable, Equatable {
  /// The authenticated header.
  package let header: DumpHeader
  /// The number of documents of all collections.
  package let documents: Int
  /// The digest of the whole file, in hexadecimal.
  package let sha256: String
  /// Documents by collection, as they come in the dump.
  package let collections: [Collection]

  /// The documents of one collection.
  package struct Collection: Sendable, Equatable {
    /// The name of the collection.
    package let name: String
    /// The number of its documents.
    package let documents: Int

    /// A collection.
    package init(name: String, documents: Int) {
      self.name = name
      self.documents = documents
    }

    package static func == (left: Collection, right: Collection) -> Bool {
      left.documents == right.documents && left.name.hasSameBytes(as: right.name)
    }
  }

  /// The header's time.
  package var createdAt: String { header.createdAt }
  /// The header's order.
  package var order: DumpOrder? { header.order }
  /// The name of the header's format.
  package var format: String { header.format.label }

  /// The contents of a dump.
  package init(header: DumpHeader, documents: Int, sha256: String, collections: [Collection]) {
    self.header = header
    self.documents = documents
    self.sha256 = sha256
    self.collections = collections
  }

  /// The contents that a summary tells.
  package init(_ summary: DumpSummary) {
    self.init(
      header: summary.header, documents: summary.records, sha256: summary.sha256,
      collections: summary.counts.map { Collection(name: $0.name, documents: $0.records) })
  }
}

extension GoodDump {
  /// The spelling in JSON: of reports, of the sidecar's cache and of receipts.
  package var fields: [(String, JSONValue)] {
    header.fields + [
      ("documents", .integer(documents)), ("sha256", .string(sha256)),
      ("collections", .object(JSONObject(collections.map { ($0.name, .integer($0.documents)) }))),
    ]
  }
}
