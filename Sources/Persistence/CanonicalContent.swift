import DocumentStore
import DumpFormat
import JSON

/// Reads a dump with its documents as `JSONWriter` writes them.
enum CanonicalContent {
  /// Authenticates every byte, and gives out the content meanwhile. It counts only when this returns.
  ///
  /// - Throws: `DumpFormatError` or `RestoreError`.
  static func read(
    _ dump: UnverifiedDump, _ keyring: DumpKeyring, group: (_ name: String) throws -> Void,
    document: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> DumpSummary {
    var present: String?
    var count = 0
    return try dump.load(keyring, prepare: documents) { name, documents in
      if present?.hasSameBytes(as: name) != true {
        try group(name)
        (present, count) = (name, 0)
      }
      switch documents {
      case .success(let documents):
        for bytes in documents { try bytes.withUnsafeBytes { try document($0) } }
        count += documents.count
      case .failure(let fault): throw fault.asRestoreError(collection: name, before: count)
      }
    }
  }

  @Sendable
  private static func documents(_ batch: RecordBatch) -> Result<[[UInt8]], BatchFault> {
    Result { () throws(BatchFault) in
      var compactor = JSONCompactor(maximumDepth: Document.maximumDepth)
      var documents: [[UInt8]] = []
      documents.reserveCapacity(batch.count)
      try batch.forEach { record throws(BatchFault) in
        do throws(JSONError) {
          documents.append(batch.isCanonical ? Array(record) : try compactor.compact(record))
        } catch {
          throw BatchFault(number: documents.count + 1, error: error)
        }
      }
      return documents
    }
  }
}
