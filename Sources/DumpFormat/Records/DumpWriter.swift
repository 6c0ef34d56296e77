package import Cryptography

/// Where a dump's bytes go.
package protocol DumpSink {
  mutating func write(_ bytes: UnsafeRawBufferPointer) throws
}

/// The largest record that a reader accepts, in bytes. No document is near it: a request body has at most a few MiB.
let maximumRecord = 64 << 20

/// Writes a dump as a stream of groups and records, in constant memory.
package struct DumpWriter<Sink: DumpSink> {
  private var layout: any DumpLayoutWriter<Sink>
  private var groups = GroupCounter()
  private let header: DumpHeader

  /// Begins a dump.
  ///
  /// - Parameters:
  ///   - header: its `createdAt` is RFC 3339 with a `Z`, as `2026-11-23T20:11:37.454068Z`.
  ///   - program: the program that writes, with its version. Readers of DMP2 take the documents of one that begins with
  ///     `gatehouse/` as they stand, so they must be as `JSONWriter` writes them.
  ///   - note: words for readers who look inside a DMP1 dump. The default is Doorman's.
  package init(
    header: DumpHeader, program: String = "gatehouse/", key: DumpKey, sink: Sink, randomness: RandomBytes = .system,
    note: String = DumpOrder.plainNote
  ) throws {
    switch header.format {
    case .dmp1:
      let words = header.firstIdentity.map { FirstIdentity.note($0, behind: note) } ?? note
      let note = header.order?.note(behind: words) ?? words
      // A note of the caller may be one that carries an order.
      self.header = header.inDMP1(note: note)
      layout = try DMP1Writer(header, note: note, key: key, sink: sink, randomness: randomness)
    case .dmp2:
      self.header = header
      layout = try DMP2Writer(
        DMP2Header(header: header, writer: program), key: key, compression: .zstd, sink: sink, randomness: randomness)
    }
  }

  /// Starts a group; the one before it ends.
  ///
  /// - Throws: `DumpFormatError` `wrongOrder` for a name that was there already, that is longer than a reader takes, or
  ///   that is one too many: no reader would take the dump.
  package mutating func beginGroup(_ name: String) throws {
    guard !groups.isFull else {
      throw DumpFormatError(.wrongOrder, "there are more than \(GroupCounter.maximum) collections")
    }
    let isFirst = groups.name == nil
    guard groups.begin(name) else { throw DumpFormatError(.wrongOrder, "the collection '\(name)' came twice") }
    try layout.beginGroup(name, isFirst: isFirst)
  }

  /// Adds a record to the present group.
  ///
  /// - Parameter record: one JSON object in compact form.
  /// - Throws: `DumpFormatError` `recordTooLarge` for what no reader would take, `wrongOrder` before the first group.
  package mutating func append(record: UnsafeRawBufferPointer) throws {
    guard groups.name != nil else { throw DumpFormatError(.wrongOrder, "a document came before any collection") }
    guard record.count <= maximumRecord else { throw DumpFormatError(.recordTooLarge, "\(maximumRecord)") }
    try layout.append(record, isFirst: groups.records == 0)
    groups.countRecord()
  }

  /// Ends the dump.
  ///
  /// - Returns: what was written, and the sink.
  package mutating func finish() throws -> (summary: DumpSummary, sink: Sink) {
    let end = try layout.finish(groups.counts)
    let summary = DumpSummary(
      header: header, counts: groups.counts, bytes: end.bytes, sha256: end.sha256)
    return (summary, end.sink)
  }
}
