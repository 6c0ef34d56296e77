/// Where a dump's bytes go.
package protocol DumpSink {
  mutating func write(_ bytes: UnsafeRawBufferPointer) throws
}

/// Writes a dump as a stream of groups and records, in constant memory.
package struct DumpWriter<Sink: DumpSink> {
  private var layout: DMP1Writer<Sink>
  private var counts: [DumpSummary.GroupCount] = []
  private let format: DumpFormatName
  private let createdAt: String

  /// - Parameters:
  ///   - createdAt: RFC 3339 with a `Z`, as `2026-11-23T20:11:37.454068Z`.
  ///   - note: a word for those who look inside; the peer's own by default.
  package init(
    format: DumpFormatName, key: DumpKey, createdAt: String, sink: Sink, randomness: DumpRandomness = .system,
    note: String = "encrypted at rest"
  ) throws {
    self.format = format
    self.createdAt = createdAt
    switch format {
    case .dmp1:
      layout = try DMP1Writer(key: key, createdAt: createdAt, note: note, sink: sink, randomness: randomness)
    }
  }

  /// Starts a group; the one before it ends.
  package mutating func beginGroup(_ name: String) throws {
    try layout.beginGroup(name, isFirst: counts.isEmpty)
    counts.append(DumpSummary.GroupCount(name: name, records: 0))
  }

  /// Adds a record to the present group.
  ///
  /// - Parameter record: one JSON object in compact form.
  package mutating func append(record: UnsafeRawBufferPointer) throws {
    guard let group = counts.popLast() else { return }
    try layout.append(record, isFirst: group.records == 0)
    counts.append(DumpSummary.GroupCount(name: group.name, records: group.records + 1))
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
