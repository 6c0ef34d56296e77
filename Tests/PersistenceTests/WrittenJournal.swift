import DumpDirectory
import DumpFormat
import Foundation
import JSON
import Testing

/// The file of a journal that adds users, as another task writes it.
struct WrittenJournal {
  let number: JournalNumber
  let path: String
  /// The number of chunks with commits.
  let count: Int
  private let beginning: [UInt8]
  private let chunks: [[UInt8]]
  private let tags: [String]

  /// Makes the chunks of a journal. Its file is not there yet.
  ///
  /// - Parameters:
  ///   - users: the numbers of the users, each of whom is one commit.
  ///   - commits: the commits of each chunk.
  ///   - padding: the bytes by which each user is longer than its names.
  init(
    beside setup: StoreWithDumps, epoch: Int = 1, after start: JournalStart = .empty, adding users: Range<Int>,
    commits: Int = 1, padding: Int = 0
  ) throws {
    let number = try #require(JournalNumber(epoch: epoch, sequence: 0))
    let header = JournalHeader(number: number, start: start, createdAt: "2026-11-23T20:11:37Z", writer: "test")
    var sealer = try JournalSealer(header, key: setup.keyring.sealing)
    var chunks: [[UInt8]] = []
    var tags: [String] = []
    for first in stride(from: users.lowerBound, to: users.upperBound, by: commits) {
      var content: [UInt8] = []
      for user in first..<min(first + commits, users.upperBound) {
        JournalCommit(
          number: user - users.lowerBound + 1, time: user, actor: nil, changes: [Self.addition(of: user, padding)]
        ).encode(into: &content)
      }
      chunks.append(try sealer.seal(content))
      tags.append(sealer.tag)
    }
    let location = setup.directory.location
    self.number = number
    path = "\(location.directory)/\(JournalName(stem: location.stem, number: number).file)"
    count = chunks.count
    beginning = sealer.beginning
    (self.chunks, self.tags) = (chunks, tags)
  }

  private static func addition(of user: Int, _ padding: Int) -> JournalChange {
    let document: JSONObject = [
      "_id": .string("u\(user)"), "name": .string("n\(user)"), "v": .string(String(repeating: "v", count: padding)),
    ]
    return JournalChange(collection: "users", id: "u\(user)", before: nil, after: JSONWriter.bytes(document))
  }

  /// The bytes up to the end of some chunks.
  func bytes(through chunks: Int) -> [UInt8] { beginning + Array(self.chunks[..<chunks].joined()) }

  /// The place behind some chunks, of one commit each.
  func place(behind chunks: Int) -> JournalPlace {
    JournalPlace(journal: number, commits: chunks, tag: tags[chunks - 1])
  }

  /// Writes the file anew, up to the end of some chunks and with further bytes.
  func write(through chunks: Int, and rest: [UInt8] = []) throws { try write(bytes(through: chunks) + rest) }

  /// Writes the file anew. It stays the same file.
  func write(_ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(filePath: path)) }
}
