import DumpDirectory
import DumpFormat

/// The search for the journal that goes on from the present one.
extension JournalFollower {
  enum Exit {
    case none
    /// The first journal behind the dump.
    case first(JournalNumber)
    /// The journal behind a place of the present one.
    case next(JournalPlace, JournalNumber)
    case detached(String)
  }

  /// Looks for the journal that goes on from the present one, backwards from the newest: only that one's task knows
  /// which part of the others is history.
  mutating func findExit(_ holder: Int?) throws -> Exit {
    let headers = try newer(holder)
    guard var present = headers.last else { return .none }
    while true {
      if reader == nil, base.begins(present) { return .first(present.number) }
      guard case .journal(let place) = present.start else {
        return .detached("journal \(present.number) goes on from another state")
      }
      if let number = reader?.header.number, place.journal == number { return .next(place, present.number) }
      guard let before = try header(place.journal, among: headers), before.number < present.number else {
        return .detached("journal \(present.number) goes on from journal \(place.journal), which was not read")
      }
      present = before
    }
  }

  /// Whether the directory has no journal behind the present one, by its list and by the names that there can be.
  ///
  /// - Parameter holder: the epoch of the lease.
  mutating func isNewestJournal(holder: Int) throws -> Bool {
    looks = 0
    guard case .none = try findExit(holder) else { return false }
    return true
  }

  /// The headers of journals that are newer than the present one, the oldest first.
  private mutating func newer(_ holder: Int?) throws -> [JournalHeader] {
    let present = reader?.header.number
    let isThorough = looks % Self.looksPerListing == 0 || lastLook?.holder != holder || lastLook?.present != present
    defer {
      looks += 1
      lastLook = (holder, present)
    }
    var numbers: Set<JournalNumber> = []
    if isThorough || present == nil {
      numbers.formUnion(try directory.journals().map(\.number))
    }
    directory.renewNames()
    let epoch = present?.epoch ?? base.order?.epoch ?? 0
    let sequence = present?.sequence ?? base.order?.sequence ?? 0
    probe(epoch, from: sequence + 1, &numbers)
    if let holder, holder > epoch {
      // Another task may have held the lease before this holder. The list may lack its journals.
      let oldest = isThorough ? max(epoch + 1, holder - Self.epochs + 1) : holder
      for other in oldest...holder { probe(other, from: 0, &numbers) }
    }
    return try numbers.sorted().compactMap { try header($0) }
  }

  /// The header of a journal that is newer than the present one.
  ///
  /// - Parameter known: the headers that were read before.
  /// - Returns: `nil` when it is older or not there, or its beginning is not whole yet.
  private func header(_ number: JournalNumber, among known: [JournalHeader] = []) throws -> JournalHeader? {
    if let header = known.first(where: { $0.number == number }) { return header }
    if let present = reader?.header.number {
      guard number > present else { return nil }
    } else if let order = base.order, number < JournalNumber(order) {
      return nil
    }
    guard let entry = directory.entry(number) else { return nil }
    return try JournalReader(directory.source(of: entry.path), keyring)?.header
  }

  /// Asks for the next journals of an epoch by name. Epoch 0 has none.
  private func probe(_ epoch: Int, from first: Int, _ found: inout Set<JournalNumber>) {
    for sequence in first..<first + Self.probes {
      guard let number = JournalNumber(epoch: epoch, sequence: sequence) else { return }
      if directory.entry(number) != nil { found.insert(number) }
    }
  }

  /// Numbers of journals that are asked for by name. A dump that fails uses up a number.
  private static let probes = 4
  /// Epochs up to the holder's whose first journals are asked for by name. Journals of older ones are named by these.
  private static let epochs = 8
  /// Searches for the next journal between two lists of the directory.
  private static let looksPerListing = 10
}
