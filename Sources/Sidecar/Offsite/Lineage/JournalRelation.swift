import DumpFormat

/// How the copy of a journal relates to the journal of the volume with the same name.
enum JournalRelation: Sendable, Equatable {
  /// It is of the same file.
  case same
  /// It is the same journal under another key, as `gatehouse dump rekey` writes it.
  case otherKey
  /// It is another journal, or none.
  case other

  /// - Parameter copy: `nil` for a copy that does not begin as a journal.
  init(of copy: JournalBeginning?, to journal: JournalBeginning, _ keyring: DumpKeyring) {
    guard let copy, copy.isOfSameJournal(as: journal, keyring) else {
      self = .other
      return
    }
    self = copy == journal ? .same : .otherKey
  }
}
