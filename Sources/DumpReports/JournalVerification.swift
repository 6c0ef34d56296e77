package import DumpDirectory
package import DumpFormat

/// The contents of a good journal: every commit is authentic, and those that the next journal goes on from are there.
///
/// A journal that was cut off before its first commit is good and has none.
package struct GoodJournal: Sendable, Equatable {
  /// The number of commits.
  package let commits: Int
  /// When the first commit was made, in microseconds of Unix time; `nil` when there is none.
  package let first: Int?
  /// When the last commit was made.
  package let last: Int?
  /// Bytes up to the end of the last commit.
  package let bytes: Int
  /// Whether its writer closed it. Otherwise it still grows, or its writer crashed.
  package let isClosed: Bool
  /// Bytes at the end of a write that was cut off. With MEM_JOURNAL=always they hold nothing that was acknowledged.
  package let torn: Int

  /// Contents of these values.
  package init(commits: Int, first: Int?, last: Int?, bytes: Int, isClosed: Bool, torn: Int) {
    self.commits = commits
    self.first = first
    self.last = last
    self.bytes = bytes
    self.isClosed = isClosed
    self.torn = torn
  }
}

extension DumpDirectory {
  /// Reads every byte of a journal.
  ///
  /// - Parameters:
  ///   - place: the place behind which another journal goes on, or `nil` when none does.
  ///   - isCancelled: asked now and then; a journal that is given up stays unverified.
  /// - Returns: what verification found, or why the journal can't be read.
  package func verification(
    of journal: JournalEntry, _ keyring: DumpKeyring, goesOnAt place: JournalPlace? = nil,
    isCancelled: () -> Bool = { false }
  ) -> (found: Verification<GoodJournal>?, trouble: String?) {
    var commits = 0
    var (first, last): (Int?, Int?)
    do {
      guard var reader = try JournalReader(source(of: journal.path), keyring) else {
        let lost = place.map { $0.commits > 0 } == true
        let blank = GoodJournal(commits: 0, first: nil, last: nil, bytes: 0, isClosed: false, torn: 0)
        return (lost ? .damaged("it has no changes, and the journal after it goes on behind some") : .good(blank), nil)
      }
      guard reader.header.number == journal.number else {
        return (.damaged("its name is not that of its content, journal \(reader.header.number)"), nil)
      }
      var isThere = place == nil || place?.commits == 0 && place?.tag == reader.headerTag
      while let batch = try reader.next() {
        guard !isCancelled() else { return (nil, "reading it was given up before its end") }
        if first == nil { first = batch.commits.first?.time }
        if let newest = batch.commits.last { (commits, last) = (newest.number, newest.time) }
        if let place, reader.commits == place.commits, batch.tag == place.tag { isThere = true }
      }
      if let place, !isThere {
        return (.damaged("the journal after it goes on behind \(place.commits) changes that it does not have"), nil)
      }
      var torn = 0
      if case .torn(let bytes) = reader.ending { torn = bytes }
      return (
        .good(
          .init(
            commits: reader.commits, first: first, last: last, bytes: reader.position,
            isClosed: reader.ending == .closed, torn: torn)), nil
      )
    } catch {
      let found = (error as? DumpFormatError).flatMap(Verification<GoodJournal>.init)
      if case .damaged(let reason)? = found { return (.damaged(reason + Self.before(commits, last)), nil) }
      return (found, found == nil ? "\(error)" : nil)
    }
  }

  /// The commits that stand before damage, in words.
  private static func before(_ commits: Int, _ last: Int?) -> String {
    guard let last else { return "" }
    return
      "; the \(commits) commit\(commits == 1 ? "" : "s") before that \(commits == 1 ? "is" : "are") whole, the last of \(JournalReport.time(last))"
  }
}
