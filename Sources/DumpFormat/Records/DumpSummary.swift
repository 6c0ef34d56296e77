/// The header and the contents of a dump. They come from content that was authenticated.
package struct DumpSummary: Sendable, Equatable {
  /// The number of records of one group. A group is a collection, a record is a document.
  package struct GroupCount: Sendable, Equatable {
    /// The group's name.
    package let name: String
    /// The number of its records.
    package let records: Int

    package static func == (left: GroupCount, right: GroupCount) -> Bool {
      left.records == right.records && left.name.utf8.elementsEqual(right.name.utf8)
    }
  }

  /// What the dump says of itself.
  package let header: DumpHeader
  /// The groups in the dump's order.
  package let counts: [GroupCount]
  /// The size of the whole file.
  package let bytes: Int
  /// The digest of the whole file, in hexadecimal.
  package let sha256: String

  /// The number of records of all groups.
  package var records: Int { counts.reduce(0) { $0 + $1.records } }
  /// The header's time.
  package var createdAt: String { header.createdAt }
  /// The header's order.
  package var order: DumpOrder? { header.order }
  /// The header's format.
  package var format: DumpFormatName { header.format }
  /// The version of the envelope around the content.
  package var version: Int { header.format.version }
}
