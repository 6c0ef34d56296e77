/// The kinds of files that are a preamble and sealed chunks.
package enum SealedFileKind: String, Sendable, CaseIterable {
  /// A dump in the layout DMP2.
  case dump = "dmp2"
  /// A journal in the layout JRN1.
  case journal = "jrn1"
  /// The counts of users' limits.
  case counters = "cnt1"

  /// The first four bytes of the file.
  package var magic: [UInt8] { Array(rawValue.uppercased().utf8) }

  /// The prefix of the context for which the file's key is derived.
  var keyContext: [UInt8] { Array("gatehouse-\(rawValue)-v1".utf8) }
}

/// The compression of a file's chunks.
package enum ChunkCompression: UInt8, Sendable {
  /// The chunks are as they were written.
  case none = 0
  /// Each chunk but the first is one frame of Zstandard (RFC 8878) that states its content size.
  case zstd = 1
}
