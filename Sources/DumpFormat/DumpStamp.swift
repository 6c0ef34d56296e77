/// What a look at the beginning of a dump shows, without authentication.
package enum DumpBeginning: Sendable, Equatable {
  case stamped(DumpStamp)
  /// It is text under one of the keys, but does not say when it was made: a damaged beginning, or a file that is cut off there.
  case text
  /// No key makes sense of it: another key sealed the dump, as far as anybody can tell.
  case unintelligible

  package var stamp: DumpStamp? { if case .stamped(let stamp) = self { stamp } else { nil } }
}

/// What a dump says of itself at its beginning.
package struct DumpStamp: Sendable, Equatable {
  /// RFC 3339, as it stands in the dump.
  package let createdAt: String
  /// `nil` for dumps whose writer gave them none.
  package let order: DumpOrder?
}
