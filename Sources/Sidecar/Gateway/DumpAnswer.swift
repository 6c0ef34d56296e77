import JSON

/// What the service says of the dump that it wrote. The peer tells the path only.
struct DumpAnswer: Sendable, Equatable {
  let path: String
  let sha256: String?
  let bytes: Int?
  let documents: Int?
  let createdAt: String?
  /// How many documents each collection has; -1 where the answer has no number, which no dump has.
  let collections: [UTF8Key: Int]?

  /// - Returns: `nil` when the answer holds no path.
  init?(_ body: [UInt8]) {
    guard let answer = try? JSONParser().parseObject(body) else { return nil }
    // With the strict envelope the answer has a `status_code` beside it.
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

  /// The file's name, whatever the other container calls its directory.
  var name: String { path.parts(betweenBytes: UInt8(ascii: "/")).last ?? path }
}
