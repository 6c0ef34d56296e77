import JSON

/// The gateway's answer after it wrote a dump. Doorman answers with the path only.
struct DumpAnswer: Sendable, Equatable {
  let path: String
  let sha256: String?
  let bytes: Int?
  let documents: Int?
  let createdAt: String?
  /// The number of documents in each collection, or -1 where the answer has no number, which no dump has.
  let collections: [UTF8Key: Int]?

  /// Reads an answer.
  ///
  /// - Returns: `nil` when the answer holds no path.
  init?(_ body: [UInt8]) {
    guard let answer = try? JSONParser().parseObject(body) else { return nil }
    // The strict envelope puts a `status_code` beside the answer.
    let inner = answer["response"]?.object ?? answer
    let report = inner["response"]?.object ?? inner
    guard let path = report["path"]?.string, !path.isEmpty else { return nil }
    self.path = path
    sha256 = report["sha256"]?.string
    bytes = report["bytes"]?.number?.int
    documents = report["documents"]?.number?.int
    createdAt = report["created_at"]?.string
    collections = report["collections"]?.object.map { counts in
      Dictionary(counts.members.map { (UTF8Key($0.key), $0.value.number?.int ?? -1) }) { first, _ in first }
    }
  }

  /// The name of the file. The directory may have another path in the gateway's container.
  var name: String { path.parts(betweenBytes: UInt8(ascii: "/")).last ?? path }
}
