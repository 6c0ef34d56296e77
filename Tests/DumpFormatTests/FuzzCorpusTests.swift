import Foundation
import Testing

@testable import DumpFormat

/// Inputs that `scripts/test-fuzz` kept, because each of them takes another way through a reader.
@Suite("Inputs of the fuzzer")
struct FuzzCorpusTests {
  @Test("are read or refused, and nothing else", arguments: FuzzTarget.allCases)
  func corpus(_ target: FuzzTarget) throws {
    let directory = try #require(
      Bundle.module.url(forResource: "Corpus", withExtension: nil, subdirectory: "Fixtures"))
    let names = try FileManager.default.contentsOfDirectory(atPath: directory.appending(path: target.rawValue).path())
    #expect(!names.isEmpty)
    for name in names {
      let bytes = try Data(contentsOf: directory.appending(path: "\(target.rawValue)/\(name)"))
      #expect(throws: Never.self, "\(name)") { try target.check(Array(bytes)) }
    }
  }

  @Test("are accepted as samples, and a sample of other content is not", arguments: [FuzzTarget.dmp1, .dmp2, .journal])
  func samples(_ target: FuzzTarget) throws {
    for seed in try FuzzSamples.seeds(of: target) { try target.check(seed.bytes) }
    switch target {
    case .dmp1: #expect(throws: FuzzTarget.Failure.self) { try target.check(Dumps.sealed([("users", ["{}"])]).bytes) }
    case .dmp2: #expect(throws: FuzzTarget.Failure.self) { try target.check(DMP2Samples.sealed([("users", ["{}"])])) }
    case .journal:
      let other = JournalHeader(
        number: FuzzSamples.journalHeader.number, start: .empty, createdAt: "2026-11-23T20:11:37Z", writer: "other")
      for bytes in try [
        Self.journal([JournalCommit(number: 1, time: 0, actor: nil, changes: [])]),
        Self.journal(Array(FuzzSamples.commits.prefix(3)), isClosed: true), Self.journal([], other),
      ] {
        #expect(throws: FuzzTarget.Failure.self) { try target.check(bytes) }
      }
      // Commits with the numbers of the sample's are the sample's.
      try target.check(Self.journal(Array(FuzzSamples.commits.prefix(3))))
    default: Issue.record("there is no sample of other content")
    }
  }

  /// A journal of any commits, under the key of the samples.
  private static func journal(
    _ commits: [JournalCommit], _ header: JournalHeader = FuzzSamples.journalHeader, isClosed: Bool = false
  ) throws -> [UInt8] {
    try JournalSamples.sealed(commits, header, key: DMP2Samples.key, isClosed: isClosed)
  }
}
