/// Where a dump's bytes come from.
package protocol DumpSource: Sendable {
  /// Bytes.
  var size: Int { get }

  /// Reads up to `buffer.count` bytes; fewer only at the end.
  ///
  /// - Returns: how many were read.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(DumpFormatError) -> Int
}

/// A file that says that it is a dump. Nothing in it is believed before `verify`.
package struct UnverifiedDump: Sendable {
  package let format: DumpFormatName
  private let reader: DMP1Reader

  /// - Throws: `DumpFormatError` `notADump`, `unsupportedLayout` or `truncated`.
  package init(_ source: any DumpSource) throws(DumpFormatError) {
    // One layout today; the magic bytes tell layouts apart.
    format = .dmp1
    reader = try DMP1Reader(source)
  }

  /// Authenticates every byte, in constant memory.
  ///
  /// - Parameter keyring: each key is tried; an older one that opens is fine.
  package func verify(_ keyring: DumpKeyring) throws(DumpFormatError) -> VerifiedDump {
    let opened = try reader.verify(keyring)
    return VerifiedDump(reader: reader, opened: opened)
  }

  /// Authenticates every byte and counts what is in the dump, in one pass and in constant memory.
  ///
  /// What comes out before the end is reached is looked at only to count it, and nothing of that is given out before all
  /// of it has proved authentic.
  ///
  /// - Parameters:
  ///   - keyring: each key is tried, with a pass for each; the likely ones first.
  ///   - isCancelled: asked every MiB, on this thread.
  /// - Returns: what `verify` and `VerifiedDump.read` would.
  /// - Throws: `DumpFormatError` as those do: `damagedOrWrongKey` when no key opens the dump, others when one does and the
  ///   content is no dump's; `cancelled`.
  package func inspect(
    _ keyring: DumpKeyring, isCancelled: () -> Bool = { false }
  ) throws(DumpFormatError) -> DumpSummary {
    try reader.inspect(keyring, isCancelled: isCancelled)
  }

  /// What the dump says of itself, read from its beginning without authentication: good for sorting, not for believing.
  ///
  /// - Returns: `nil` when no key makes sense of the beginning.
  /// - Throws: `DumpFormatError` when it can't be read.
  package func unverifiedHeader(_ keyring: DumpKeyring) throws(DumpFormatError) -> DumpHeader? {
    try unverifiedBeginning(keyring).header
  }

  /// What the dump's beginning shows without authentication, which tells a wrong key from damage behind the beginning.
  ///
  /// - Throws: `DumpFormatError` when it can't be read.
  package func unverifiedBeginning(_ keyring: DumpKeyring) throws(DumpFormatError) -> DumpBeginning {
    try reader.beginning(keyring)
  }
}

/// A dump of which every byte is as it was written.
package struct VerifiedDump: Sendable {
  private let reader: DMP1Reader
  private let opened: DMP1Reader.Opened

  fileprivate init(reader: DMP1Reader, opened: DMP1Reader.Opened) {
    self.reader = reader
    self.opened = opened
  }

  /// Reads the content as a stream, in memory for the largest record only.
  ///
  /// - Parameters:
  ///   - group: called at the start of each group, also of an empty one.
  ///   - record: called with each record's bytes: one JSON object by its brackets; what is inside is the caller's to
  ///     judge.
  /// - Returns: what was in the dump.
  package func read(
    group: (_ name: String) throws -> Void, record: (_ group: String, _ record: UnsafeRawBufferPointer) throws -> Void
  ) throws -> DumpSummary {
    try reader.read(opened, group: group, record: record)
  }
}
