import DumpDirectory
import DumpFormat
import Foundation
import TestSupport
import Testing

@testable import CrashPoints
@testable import Persistence

@Suite("A crash while a directory is encrypted with another key", .serialized)
struct RekeyingCrashTests {
  @Test("leaves every file, under the old key or the new one, and the same state")
  func crashes() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let (states, violations) = try await judge(in: root)
      #expect(violations == [])
      #expect(states > 50)
    }
  }

  @Test("shows a file that takes the place of another before it is safe")
  func sabotage() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      #expect(try await !judge(in: root, .linkBeforeSync).violations.isEmpty)
    }
  }

  /// Tries crashes after each operation.
  ///
  /// - Returns: the number of states that crashes left, and what was wrong with them.
  private func judge(
    in root: URL, _ sabotage: RecordedVolume.Sabotage? = nil
  ) async throws -> (states: Int, violations: [String]) {
    let recorded = RecordedVolume(sabotage)
    var fixture = try await RekeyingFixture(root.appending(path: "live"), files: recorded)
    try await fixture.makeHistory()
    let before = recorded.operations.count
    #expect(try fixture.rekeyAll().allSatisfy { $0.contains("rekeyed") })
    let operations = recorded.operations
    let names = Set(
      try fixture.directory.catalogue(fixture.both).map(\.name) + fixture.directory.journals().map(\.name))
    var volume = CrashedVolume()
    var (states, violations) = (0, [String]())
    for number in 0...operations.count {
      if number > 0 { volume.apply(operations[number - 1]) }
      guard number >= before else { continue }
      var seen: Set<Int> = []
      for variant in 0..<(volume.isSettled ? 1 : 6) {
        var generator = SeededGenerator(seed: UInt64(number) << 12 ^ UInt64(variant))
        let (files, choice) = volume.survivors(using: &generator)
        guard seen.insert(choice).inserted else { continue }
        states += 1
        if let fault = fault(fixture, files, names, root.appending(path: "\(number)-\(variant)")) {
          violations.append("operation \(number), variant \(variant): \(fault)")
        }
      }
    }
    return (states, violations)
  }

  /// Restores files with both keys.
  ///
  /// - Returns: what is wrong with them, or `nil`.
  private func fault(
    _ fixture: RekeyingFixture, _ files: [String: [UInt8]], _ names: Set<String>, _ root: URL
  ) -> String? {
    defer { try? FileManager.default.removeItem(at: root) }
    do {
      return try readingFault(fixture, files, names, root)
    } catch {
      return "\(error)"
    }
  }

  private func readingFault(
    _ fixture: RekeyingFixture, _ files: [String: [UInt8]], _ names: Set<String>, _ root: URL
  ) throws -> String? {
    let directory = DumpDirectory(try DumpLocation(path: "generated/d.bin", workingDirectory: root.path()))
    try directory.prepare()
    for (name, bytes) in files { try Data(bytes).write(to: URL(filePath: "\(directory.location.directory)/\(name)")) }
    guard Set(files.keys) == names else { return "files are missing: \(names.subtracting(files.keys))" }
    for entry in try directory.catalogue(fixture.both) { _ = try directory.open(entry.path).inspect(fixture.both) }
    for entry in try directory.journals() {
      guard let journal = try JournalRekeying(of: directory.source(of: entry.path), fixture.both) else {
        return "\(entry.name) is empty"
      }
      _ = try journal.content()
    }
    switch try RekeyingFixture.restored(directory, fixture.both) {
    case .success(fixture.contents): return nil
    case .success: return "another state is restored"
    case .failure(let refusal): return "the start is refused: \(refusal.outcome)"
    }
  }
}
