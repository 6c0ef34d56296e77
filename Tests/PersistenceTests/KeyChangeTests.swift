import DumpDirectory
import DumpFormat
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Persistence

@Suite("A change of the key while a store is written")
struct KeyChangeTests {
  private static let new = DumpKeyring(sealing: RekeyingFixture.new)

  private func opens(_ path: String, _ directory: DumpDirectory, _ keyring: DumpKeyring) throws -> Bool {
    let source = try directory.source(of: path)
    do throws(DumpFormatError) {
      if try JournalRekeying.isJournal(source) { return try JournalReader(source, keyring) != nil }
      _ = try UnverifiedDump(source).inspect(keyring)
      return true
    } catch {
      guard error.code == .noKey else { throw error }
      return false
    }
  }

  @Test("counts for the next dump and its journal, and a dump that was begun ends with the key before")
  func next() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      // The key is replaced while the first dump waits for its `fsync`.
      let replace = Mutex<(@Sendable () -> Void)?>(nil)
      let files = HookedOperations { operation in
        guard operation == "fsync" else { return }
        let action = replace.withLock { action in
          defer { action = nil }
          return action
        }
        action?()
      }
      let fixture = try await RekeyingFixture(root, files: files)
      let (setup, keys) = (fixture.setup, fixture.setup.keys)
      try await fixture.add("a")
      replace.withLock { $0 = { keys.replace(with: Self.new) } }
      let during = try await setup.dump().written.path
      #expect(keys.present.sealing == Self.new.sealing)
      let directory = fixture.directory
      #expect(try opens(during, directory, fixture.old) && !opens(during, directory, Self.new))
      let after = try await setup.dump().written.path
      try await fixture.add("b")
      #expect(try opens(after, directory, Self.new) && !opens(after, directory, fixture.old))
      let journals = try directory.journals().map(\.path)
      let (first, last) = (try #require(journals.first), try #require(journals.last))
      #expect(try opens(first, directory, fixture.old) && !opens(first, directory, Self.new))
      #expect(try opens(last, directory, Self.new) && !opens(last, directory, fixture.old))
      // The process reads both, and a start needs the new key only.
      #expect(try RekeyingFixture.restored(directory, keys.present) == .success(fixture.contents))
      #expect(try RekeyingFixture.restored(directory, Self.new) == .success(fixture.contents))
    }
  }
}
