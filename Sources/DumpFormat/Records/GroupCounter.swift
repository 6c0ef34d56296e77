/// The groups of a dump as they come, with how many records each has.
struct GroupCounter {
  /// No store is near it; together with the length of a name it bounds what their names take of memory.
  static let maximum = 16_384

  /// The name of the present group, or `nil` before the first.
  private(set) var name: String?
  /// The number of records in the present group.
  private(set) var records = 0
  private var earlier: [DumpSummary.GroupCount] = []
  /// As bytes: names that Unicode regards as equivalent are two names.
  private var names: Set<[UInt8]> = []

  /// In the dump's order.
  var counts: [DumpSummary.GroupCount] { earlier + present }

  /// Whether there is room for no further group.
  var isFull: Bool { names.count == Self.maximum }

  private var present: [DumpSummary.GroupCount] {
    name.map { [DumpSummary.GroupCount(name: $0, records: records)] } ?? []
  }

  /// - Returns: whether it may begin: a name comes once.
  mutating func begin(_ name: String) -> Bool {
    guard names.insert(Array(name.utf8)).inserted else { return false }
    earlier += present
    self.name = name
    records = 0
    return true
  }

  /// Begins a group, or goes on with the present one.
  ///
  /// - Throws: `DumpFormatError` `malformedContent` for a group that was there earlier, or that is one too many.
  mutating func resume(_ name: String) throws(DumpFormatError) {
    if let present = self.name, present.utf8.elementsEqual(name.utf8) { return }
    guard !isFull else { throw DumpFormatError(.malformedContent, "more than \(Self.maximum) collections") }
    guard begin(name) else { throw DumpFormatError(.malformedContent, "the collection '\(name)' comes twice") }
  }

  /// One more record in the present group.
  mutating func countRecord() {
    records += 1
  }

  /// More records in the present group.
  mutating func countRecords(_ count: Int) {
    records += count
  }
}
