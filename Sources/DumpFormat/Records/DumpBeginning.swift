/// What the beginning of a dump shows without authentication.
package enum DumpBeginning: Sendable, Equatable {
  /// It has a header under one of the keys.
  case header(DumpHeader)
  /// It is text under one of the keys, but has no time: the beginning is damaged, or the file is cut off there.
  case text
  /// No key gives text. As far as can be told, the dump was encrypted with another key.
  case unintelligible

  /// The header, if there is one.
  package var header: DumpHeader? { if case .header(let header) = self { header } else { nil } }
}
