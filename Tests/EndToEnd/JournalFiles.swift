import DumpDirectory
import DumpFormat
import Foundation
import TestSupport

/// The journals in a gateway's dump directory.
struct JournalFiles {
  private let directory: DumpDirectory
  private let keyring = DumpKeyring(sealing: DumpKey(GatehouseProcess.encryptionKey))

  init(_ dumps: URL) throws {
    directory = DumpDirectory(
      try DumpLocation(path: dumps.appending(path: "memory_dump.bin").path(), workingDirectory: "/"))
  }

  /// The newest one, or `nil` when there is none.
  func newest() throws -> URL? { try directory.journals().last.map { URL(filePath: $0.path) } }

  /// The commits of all, the oldest first.
  func commits() throws -> [JournalCommit] {
    var commits: [JournalCommit] = []
    for entry in try directory.journals() {
      guard var reader = try JournalReader(directory.source(of: entry.path), keyring) else { continue }
      while let batch = try reader.next() { commits += batch.commits }
    }
    return commits
  }

  /// Whether a document that a commit wrote has a text.
  func have(_ text: String) throws -> Bool {
    try commits().contains { commit in
      commit.changes.contains { change in
        change.after.map { String(decoding: $0, as: UTF8.self).contains(text) } == true
      }
    }
  }

  /// The places of the chunks in a journal's bytes, that of its header first.
  static func chunks(of bytes: [UInt8]) -> [Int] { bytes.ranges(of: Array("CHNK".utf8)).map(\.lowerBound) }
}
