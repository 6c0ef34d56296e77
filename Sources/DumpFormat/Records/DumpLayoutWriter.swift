/// Writes groups and records in one layout.
protocol DumpLayoutWriter<Sink> {
  associatedtype Sink: DumpSink

  /// - Parameter isFirst: whether no group was before it.
  mutating func beginGroup(_ name: String, isFirst: Bool) throws

  /// - Parameter isFirst: whether no record of its group was before it.
  mutating func append(_ record: UnsafeRawBufferPointer, isFirst: Bool) throws

  /// - Parameter counts: of all groups, in their order.
  mutating func finish(_ counts: [DumpSummary.GroupCount]) throws -> WrittenLayout<Sink>
}

/// A file that was written.
struct WrittenLayout<Sink: DumpSink> {
  /// The size of the whole file in bytes.
  let bytes: Int
  /// The digest of the whole file, in hexadecimal.
  let sha256: String
  let sink: Sink
}
