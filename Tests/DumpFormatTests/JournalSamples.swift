@testable import DumpFormat

/// Journals in memory, and their parts.
enum JournalSamples {
  static let place = JournalPlace(journal: number(3, 16), commits: 5, tag: "00ff")

  /// A commit with a text beyond ASCII, and a change of a whole collection.
  static let commit = JournalCommit(
    number: 1, time: 1_795_464_697_454_068, actor: "ada",
    changes: [
      JournalChange(collection: "users", id: "u1", before: nil, after: Array(#"{"_id":"u1","name":"Ü"}"#.utf8)),
      JournalChange(collection: "groups", id: nil, before: .max, after: nil),
    ])

  static func number(_ epoch: Int, _ sequence: Int) -> JournalNumber {
    JournalNumber(epoch: epoch, sequence: sequence) ?? JournalNumber(DumpOrder.first)
  }

  static func header(_ start: JournalStart, writer: String = "test", copiedTag: String? = nil) -> JournalHeader {
    JournalHeader(
      number: number(3, 17), start: start, createdAt: "2026-11-23T20:11:37.454068Z", writer: writer,
      copiedTag: copiedTag)
  }

  /// A journal whose chunks have one commit each.
  static func sealed(
    _ commits: [JournalCommit], _ header: JournalHeader, key: DumpKey, isClosed: Bool = false
  ) throws -> [UInt8] {
    var sealer = try JournalSealer(header, key: key)
    var bytes = sealer.beginning
    for commit in commits {
      var content: [UInt8] = []
      commit.encode(into: &content)
      bytes += try sealer.seal(content)
    }
    return try isClosed ? bytes + sealer.close() : bytes
  }
}
