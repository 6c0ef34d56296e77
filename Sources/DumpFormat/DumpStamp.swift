/// What a dump says of itself at its beginning.
package struct DumpStamp: Sendable, Equatable {
  /// RFC 3339, as it stands in the dump.
  package let createdAt: String
  /// `nil` for dumps whose writer gave them none.
  package let order: DumpOrder?
}
