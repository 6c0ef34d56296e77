import Clocks
import DocumentStore
import DumpDirectory
import DumpFormat
import Foundation
import JSON
import TestSupport
import Testing

@testable import Persistence

/// A task that writes with a journal, and one beside it that follows.
struct FollowingPair {
  var holder: StoreWithDumps
  let standby: StoreWithDumps
  let follower: Follower
  var epoch = 1

  init(_ root: URL) async throws {
    holder = try StoreWithDumps(root, journal: .always)
    standby = try StoreWithDumps(root, journal: .always)
    follower = Follower(standby.store, in: standby.directory, keyring: standby.keyring)
    holder.journal?.begin(with: .empty)
    holder.journal?.activate(epoch: epoch)
  }

  /// The collections' documents, sorted, since a state that was restored may have another order.
  static func contents(_ store: DocumentStore) -> StoreWithDumps.Contents {
    StoreWithDumps.contents(store).mapValues { $0.sorted() }
  }

  var isEqual: Bool { Self.contents(holder.store) == Self.contents(standby.store) }

  func change(_ store: StoreWithDumps? = nil, _ body: (inout Transaction) throws(StoreError) -> Void) async throws {
    try await (store ?? holder).write(body)
  }

  func add(_ name: String, to store: StoreWithDumps? = nil) async throws {
    try await change(store) { (transaction) throws(StoreError) in
      try transaction.insert(["name": .string(name)], into: "users")
    }
  }

  func restoreAnew() async throws {
    switch try standby.ladder().restoreNewest() {
    case .restored(let restored, _):
      standby.take(restored)
      try await follower.begin(with: restored)
    case .nothingThere: await follower.beginEmpty()
    case let other: Issue.record("the restore ends with \(other)")
    }
  }

  /// Follows up to the newest commit.
  ///
  /// - Returns: the number of times that the state was restored anew.
  @discardableResult
  func follow() async throws -> Int {
    var restores = 0
    let deadline = Deadline(in: .seconds(30))
    while true {
      switch try await follower.catchUp(holder: epoch) {
      case .current:
        // The journal behind a restore begins a moment after the restore is safe.
        guard let place = holder.journal?.place, !deadline.isOver,
          !follower.hasReached(place.number, bytes: place.bytes)
        else { return restores }
        try await Task.sleep(for: .milliseconds(1))
      case .waiting: continue
      case .detached:
        try #require(restores < 3)
        restores += 1
        try await restoreAnew()
      }
    }
  }
}
