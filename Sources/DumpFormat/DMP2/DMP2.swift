/// Our layout: a sealed file (`SealedPreamble`, then chunks). Chunk 0 is the header, the last chunk the trailer, and
/// those between have the records.
enum DMP2 {
  /// The version of the header and the records.
  static let version = 1
  /// Bytes of records from which a chunk is sealed.
  static let chunkSize = 1 << 20
  /// Bytes of the longest header.
  static let maximumHeader = 64 << 10
  /// Bytes of the longest name of a collection.
  static let maximumName = 1024
  /// The beginning of the name of programs whose documents are in the compact form of `JSONWriter`.
  static let ownWriter = "gatehouse/"

  /// Threads that compress and seal, or open and expand. The calling thread reads and writes beside them.
  static let threads = 2
  /// Bytes of chunks that are on their way through the threads at a time.
  static let inFlight = 8 << 20
}
