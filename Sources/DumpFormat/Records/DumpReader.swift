/// A file that says that it is a dump. Nothing in it is believed before `verify`.
package struct UnverifiedDump: Sendable {
  fileprivate enum Reader: Sendable {
    case dmp1(DMP1Reader)
    case dmp2(DMP2Reader)
  }

  private let reader: Reader

  /// - Throws: `DumpFormatError` `notADump`, `unsupportedLayout`, `truncated` or `damaged`.
  package init(_ source: any DumpSource) throws(DumpFormatError) {
    reader =
      switch try DumpLayout(of: source) {
      case .dmp1: .dmp1(try DMP1Reader(source))
      case .dmp2: .dmp2(try DMP2Reader(source))
      }
  }

  /// The format of the dump.
  package var format: DumpFormatName {
    switch reader {
    case .dmp1: .dmp1
    case .dmp2: .dmp2
    }
  }

  /// Authenticates every byte, in constant memory.
  ///
  /// - Parameter keyring: each key is tried; an older one that opens is fine.
  package func verify(_ keyring: DumpKeyring) throws(DumpFormatError) -> VerifiedDump {
    switch reader {
    case .dmp1(let reader): VerifiedDump(.dmp1(reader, try reader.verify(keyring)))
    case .dmp2(let reader): VerifiedDump(.dmp2(reader, keyring, try reader.inspect(keyring, isCancelled: { false })))
    }
  }

  /// Authenticates every byte and counts what is in the dump, in one pass and in constant memory.
  ///
  /// The text before the end is reached is only counted, and nothing of it is given out before all of it has proved
  /// authentic.
  ///
  /// - Parameters:
  ///   - keyring: each key is tried. In DMP1 each takes a pass; the likely ones come first.
  ///   - isCancelled: asked every MiB, on this thread.
  /// - Returns: what `verify` and `VerifiedDump.read` would.
  /// - Throws: `DumpFormatError` as those do: `damagedOrWrongKey` or `noKey` when no key opens the dump, others when
  ///   one does and the content is no dump's; `cancelled`.
  package func inspect(
    _ keyring: DumpKeyring, isCancelled: () -> Bool = { false }
  ) throws(DumpFormatError) -> DumpSummary {
    switch reader {
    case .dmp1(let reader): try reader.inspect(keyring, isCancelled: isCancelled)
    case .dmp2(let reader): try reader.inspect(keyring, isCancelled: isCancelled)
    }
  }

  /// Authenticates every byte, and gives out the content meanwhile. What was given out counts only when this returns.
  ///
  /// - Parameters:
  ///   - prepare: makes something of records that follow each other, on any thread. A collection can come in several
  ///     batches; an empty one comes in one batch.
  ///   - take: is given the results in the dump's order, on this thread.
  package func load<Part: Sendable>(
    _ keyring: DumpKeyring, prepare: @escaping @Sendable (RecordBatch) throws -> Part,
    take: (_ group: String, Part) throws -> Void
  ) throws -> DumpSummary {
    switch reader {
    case .dmp1(let reader):
      return try reader.load(reader.verify(keyring), prepare: prepare, take: take)
    case .dmp2(let reader):
      return try DMP2Pass(reader: reader, prepare: prepare, isCancelled: { false }).run(keyring, take: take)
    }
  }

  /// The header, read from the beginning without authentication of the rest: good for sorting, not for trusting.
  ///
  /// - Returns: `nil` when no key makes sense of the beginning.
  /// - Throws: `DumpFormatError` when it can't be read.
  package func unverifiedHeader(_ keyring: DumpKeyring) throws(DumpFormatError) -> DumpHeader? {
    try unverifiedBeginning(keyring).header
  }

  /// The facts that the beginning shows without authentication of the rest. They tell a wrong key from damage behind
  /// the beginning.
  ///
  /// - Throws: `DumpFormatError` when it can't be read.
  package func unverifiedBeginning(_ keyring: DumpKeyring) throws(DumpFormatError) -> DumpBeginning {
    switch reader {
    case .dmp1(let reader): try reader.beginning(keyring)
    case .dmp2(let reader): try reader.beginning(keyring)
    }
  }
}

/// A dump of which every byte is as it was written.
package struct VerifiedDump: Sendable {
  fileprivate enum Reader: Sendable {
    case dmp1(DMP1Reader, DMP1Reader.Opened)
    case dmp2(DMP2Reader, DumpKeyring, DumpSummary)
  }

  private let reader: Reader

  fileprivate init(_ reader: Reader) {
    self.reader = reader
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
    switch reader {
    case .dmp1(let reader, let opened): return try reader.read(opened, group: group, record: record)
    case .dmp2(let reader, let keyring, let verified):
      let summary = try reader.read(keyring, group: group, record: record)
      // The file changed between the passes.
      guard summary == verified else { throw DumpFormatError(.damaged, "it changed while it was read") }
      return summary
    }
  }
}
