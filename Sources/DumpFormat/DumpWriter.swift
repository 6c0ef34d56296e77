/// Where a dump's bytes go.
package protocol DumpSink {
  mutating func write(_ bytes: UnsafeRawBufferPointer) throws
}

/// What a reader takes for one record, in bytes. No document is near it: a request body has at most a few MiB.
let maximumRecord = 64 << 20

/// Writes a dump as a stream of groups and records, in constant memory.
package struct DumpWriter<Sink: DumpSink> {
  private var layout: DMP1Writer<Sink>
  private var counts: [DumpSummary.GroupCount] = []
  private let format: DumpFormatName
  private let createdAt: String

  /// - Parameters:
  ///   - createdAt: RFC 3339 with a `Z`, as `2026-11-23T20:11:37.454068Z`.
  ///   - note: a word for those who look inside; the peer's own by default.
  ///   - order: where the dump stands among those of its volume.
  package init(
    format: DumpFormatName, key: DumpKey, createdAt: String, sink: Sink, randomness: DumpRandomness = .system,
    note: String = "encrypted at rest", order: DumpOrder? = nil
  ) throws {
    self.format = format
    self.createdAt = createdAt
    switch format {
    case .dmp1:
      layout = try DMP1Writer(
        key: key, createdAt: createdAt, note: note + DMP1.note(order), sink: sink, randomness: randomness)
    }
  }

  /// Starts a group; the one before it ends.
  ///
  /// - Throws: `DumpFormatError` `wrongOrder` for a name that was there already: no reader would take the dump.
  package mutating func beginGroup(_ name: String) throws {
    guard !counts.contains(where: { $0.name == name }) else {
      throw DumpFormatError(.wrongOrder, "the collection '\(name)' came twice")
    }
    try layout.beginGroup(name, isFirst: counts.isEmpty)
    counts.append(DumpSummary.GroupCount(name: name, records: 0))
  }

  /// Adds a record to the present group.
  ///
  /// - Parameter record: one JSON object in compact form.
  /// - Throws: `DumpFormatError` `recordTooLarge` for what no reader would take, `wrongOrder` before the first group.
  package mutating func append(record: UnsafeRawBufferPointer) throws {
    guard let group = counts.last else { throw DumpFormatError(.wrongOrder, "a document came before any collection") }
    guard record.count <= maximumRecord else { throw DumpFormatError(.recordTooLarge, "\(maximumRecord)") }
    try layout.append(record, isFirst: group.records == 0)
    counts[counts.count - 1] = DumpSummary.GroupCount(name: group.name, records: group.records + 1)
  }

  /// Ends the dump.
  ///
  /// - Returns: what was written, and the sink.
  package mutating func finish() throws -> (summary: DumpSummary, sink: Sink) {
    let end = try layout.finish(hasGroups: !counts.isEmpty)
    let summary = DumpSummary(
      format: format, version: DMP1.version, createdAt: createdAt, counts: counts, bytes: end.bytes, sha256: end.sha256)
    return (summary, end.sink)
  }
}
