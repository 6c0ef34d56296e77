import DocumentStore
import DumpDirectory
import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@testable import Persistence

@Suite("The journal of another task")
struct FollowedFileTests {
  /// Watches for a file to be opened.
  private final class Openings {
    private let descriptor = inotify_init1(Int32(IN_NONBLOCK))
    let isWatching: Bool

    init(of path: String) { isWatching = inotify_add_watch(descriptor, path, UInt32(IN_OPEN)) >= 0 }

    deinit { close(descriptor) }

    /// Whether the file was opened since the last call.
    func wasOpened() -> Bool {
      var events = [UInt8](repeating: 0, count: 4096)
      return read(descriptor, &events, events.count) > 0
    }
  }

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
      let openings = Openings(of: journal.path)
      #expect(openings.isWatching)
      for number in 0..<5 {
        #expect(!openings.wasOpened())
        #expect(try await follower.catchUp(holder: 1) == .current)
        #expect(openings.wasOpened(), "look \(number)")
      }
    }
  }
}
