/// How a dump is laid out.
package enum DumpFormatName: String, Sendable, CaseIterable {
  /// The peer's: one AES-256-GCM message around one JSON text.
  case dmp1

  package var label: String { rawValue.uppercased() }
}

/// What is in a dump. The counts come from content that was authenticated.
package struct DumpSummary: Sendable, Equatable {
  /// The records of one group; a group is a collection, a record a document.
  package struct GroupCount: Sendable, Equatable {
    package let name: String
    package let records: Int

    package static func == (left: GroupCount, right: GroupCount) -> Bool {
      left.records == right.records && left.name.utf8.elementsEqual(right.name.utf8)
    }
  }

  package let format: DumpFormatName
  /// Of the envelope around the content.
  package let version: Int
  /// RFC 3339, as it stands in the dump.
  package let createdAt: String
  /// Where the dump stands among others of its writers; `nil` for dumps that do not say so, as the peer's.
  package let order: DumpOrder?
  /// In the dump's order.
  package let counts: [GroupCount]
  /// Of the whole file.
  package let bytes: Int
  /// Of the whole file, in hexadecimal.
  package let sha256: String

  package var records: Int { counts.reduce(0) { $0 + $1.records } }
}
