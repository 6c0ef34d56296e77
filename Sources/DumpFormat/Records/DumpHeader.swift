package import JSON

/// The facts that a dump states about itself. The header travels whole: from the file to the catalogue, the sidecar's
/// notes, the metadata of copies in S3 and the reports.
package struct DumpHeader: Sendable, Equatable {
  /// The layout of the file.
  package let format: DumpFormatName
  /// The time of the dump in RFC 3339, as it stands in the file. Another writer may have written anything.
  package let createdAt: String
  /// The dump's place among others of its writers, or `nil` for dumps that have none, as Doorman's.
  package private(set) var order: DumpOrder?
  /// The identity (`DumpIdentity`) of the dump before this one that its writer knew, or `nil`. DMP1 has no place for
  /// it.
  package private(set) var predecessor: String?
  /// The identity (`DumpIdentity`) of the file that the dump was written as first, or `nil` for that file itself. A
  /// dump that was written again, under another key or in another format, keeps it, so that journals still find it.
  package let firstIdentity: String?

  /// A header of these values.
  package init(
    format: DumpFormatName = .dmp1, createdAt: String, order: DumpOrder? = nil, predecessor: String? = nil,
    firstIdentity: String? = nil
  ) {
    self.format = format
    self.createdAt = createdAt
    self.order = order
    self.predecessor = predecessor
    self.firstIdentity = firstIdentity
  }

  /// The facts that DMP1 keeps of the header.
  ///
  /// - Parameter note: has the order.
  func inDMP1(note: String) -> DumpHeader {
    var header = self
    header.order = DumpOrder(note: note)
    header.predecessor = nil
    return header
  }
}

extension DumpHeader {
  /// The header's members in JSON. Every report, note and receipt has them in this spelling.
  package var fields: [(String, JSONValue)] {
    [
      ("format", .string(format.label)), ("created_at", .string(createdAt)),
      ("epoch", order.map { .integer($0.epoch) } ?? .null),
      ("sequence", order.map { .integer($0.sequence) } ?? .null),
    ]
  }

  /// The members in JSON of a header, all of them null when there is none.
  package static func fields(of header: DumpHeader?) -> [(String, JSONValue)] {
    header?.fields ?? DumpHeader(createdAt: "").fields.map { ($0.0, .null) }
  }

  /// Reads what `fields` writes.
  ///
  /// - Parameter field: returns the value of a member. A number may also come as text.
  /// - Returns: `nil` when there is no time, or when the format is unknown. Without a format it is DMP1, which older
  ///   versions of this program did not write down everywhere.
  package init?(reading field: (_ name: String) -> JSONValue?) {
    func integer(_ name: String) -> Int? {
      field(name).flatMap { $0.number?.int ?? $0.string.flatMap { Int($0) } }
    }
    let label = field("format") ?? .string(DumpFormatName.dmp1.label)
    guard let createdAt = field("created_at")?.string,
      let format = label.string.flatMap(DumpFormatName.init(label:))
    else { return nil }
    let order = integer("epoch").flatMap { epoch in
      integer("sequence").flatMap { DumpOrder(epoch: epoch, sequence: $0) }
    }
    self.init(format: format, createdAt: createdAt, order: order)
  }
}

/// The layout of a dump's file.
package enum DumpFormatName: String, Sendable, CaseIterable {
  /// Doorman's layout: one AES-256-GCM message around one JSON text.
  case dmp1
  /// Our layout: compressed and sealed in chunks. The key commitment tells a wrong key from damage.
  case dmp2

  /// The name in reports.
  package var label: String { rawValue.uppercased() }

  /// The version of the envelope around the content.
  package var version: Int {
    switch self {
    case .dmp1: DMP1.version
    case .dmp2: DMP2.version
    }
  }

  /// Reads a name of a report.
  package init?(label: String) {
    guard let format = Self.allCases.first(where: { $0.label.utf8.elementsEqual(label.utf8) })
    else { return nil }
    self = format
  }
}
