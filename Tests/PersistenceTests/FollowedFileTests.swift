import DocumentStore
import DumpDirectory
import Foundation
import JSON
import TestSupport
import Testing

@testable import Persistence

@Suite("The journal of another task")
struct FollowedFileTests {
  @Test("is opened anew at each look, since a network file system shows additions of others only then")
  func opened() async throws {
    try await withTemporaryDirectory { root in
      let holder = try StoreWithDumps(root, journal: .always)
      let standby = try StoreWithDumps(root, journal: .always)
      let follower = Follower(standby.store, in: standby.directory, keyring: standby.keyring)
      try holder.start(epoch: 1)
      try await holder.write { (transaction) throws(StoreError) in
        try transaction.insert(["name": "one"], into: "users")
      }
      guard case .restored(let restored, _) = try standby.ladder().restoreNewest() else {
        Issue.record("nothing to restore")
        return
      }
      standby.take(restored)
      try await follower.begin(with: restored)
      #expect(try await follower.catchUp(holder: 1) == .current)
      let journal = try #require(try standby.directory.journals().last)
      let openings = FileOpenings(of: journal.path)
      #expect(openings.isWatching)
      for number in 0..<5 {
        #expect(openings.take() == 0)
        #expect(try await follower.catchUp(holder: 1) == .current)
        #expect(openings.take() > 0, "look \(number)")
      }
    }
  }
}
