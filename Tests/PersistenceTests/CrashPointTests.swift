import CrashPoints
import DumpFormat
import Foundation
import TestSupport
import Testing

@Suite("A crash at any operation", .serialized)
struct CrashPointTests {
  /// The last seed has dumps of Doorman's format.
  @Test("leaves every acknowledged change, in order, and a directory that a start accepts", arguments: 1...4)
  func crashes(seed: UInt64) async throws {
    let verdict = try await CrashJudge.run(seed: seed, steps: 16, variants: 4)
    #expect(verdict.violations == [])
    #expect(verdict.states > 100)
  }

  /// The kinds of violations that show a fault: the column 'Found by' of docs/develop/reliability.md.
  private static func kinds(of sabotage: RecordedVolume.Sabotage) -> Set<CrashJudge.Violation.Kind> {
    switch sabotage {
    case .noDataSync, .noDirectorySyncOfJournals, .noDirectorySyncOfDumps, .earlyAcknowledgement: [.lostChange]
    case .linkBeforeSync: [.lostChange, .refusedStart]
    case .noSyncOfTheStart: [.refusedStart]
    case .repeatedCounter: [.repeatedCounter]
    }
  }

  @Test("shows each fault that is put in by what it breaks, and only then", arguments: RecordedVolume.Sabotage.allCases)
  func sabotage(_ sabotage: RecordedVolume.Sabotage) async throws {
    let kinds = Self.kinds(of: sabotage)
    for seed in UInt64(1)...20 {
      let verdict = try await CrashJudge.run(seed: seed, steps: 16, variants: 4, sabotage)
      guard verdict.violations.contains(where: { kinds.contains($0.kind) }) else { continue }
      let clean = try await CrashJudge.run(seed: seed, steps: 16, variants: 4)
      #expect(clean.violations == [], "seed \(seed) without a fault")
      return
    }
    Issue.record("nothing that \(sabotage) breaks shows it")
  }

  @Test("shows two contents under one counter of the encryption, whatever a start makes of them")
  func repeatedCounter() async throws {
    let verdict = try await CrashJudge.run(seed: 1, steps: 16, variants: 1, .repeatedCounter)
    #expect(verdict.violations.contains { $0.kind == .repeatedCounter })
  }

  @Test("has dumps of both formats, mostly of the default one, and a seed always has the same")
  func formats() {
    let formats = (UInt64(1)...100).map(CrashWorkload.format(of:))
    #expect(formats.count { $0 == .dmp2 } == 75)
    #expect(formats.count { $0 == .dmp1 } == 25)
  }

  @Test("has dumps of the format that is asked for, whatever the seed", arguments: DumpFormatName.allCases)
  func givenFormat(_ format: DumpFormatName) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let recording = try await CrashWorkload.record(seed: 1, steps: 40, in: root, format: format)
      let beginnings = recording.operations.compactMap { operation -> String? in
        guard case .write(_, 0, let bytes) = operation, bytes.starts(with: "DMP".utf8) else { return nil }
        return String(decoding: bytes.prefix(4), as: UTF8.self)
      }
      #expect(Set(beginnings) == [format.label])
    }
  }
}
