import CrashPoints
import DocumentStore
import DumpDirectory
import DumpFormat
import Foundation
import JSON
import TestSupport
import Testing

@testable import Persistence

/// The kernel's operations, with a list of names that has no journal but the first, as that of a network volume which
/// is a minute old. A file that is asked for by its name is there.
private struct StaleListing: FaultyOperations {
  func fault(_ call: FileCall) -> FileFault? { nil }

  func names(in directory: String) throws(DumpDirectoryError) -> [String] {
    try LiveFileOperations().names(in: directory).filter { name in
      !name.contains(".journal-") || name.hasSuffix(".journal-1-0")
    }
  }
}

/// A task that writes, and one that follows it and has a stale list.
private struct Volume {
  let root: URL
  let first: StoreWithDumps
  let standby: StoreWithDumps
  let follower: Follower

  init(_ root: URL) async throws {
    self.root = root
    first = try StoreWithDumps(root, journal: .always)
    standby = try StoreWithDumps(root, files: StaleListing(), journal: .always)
    follower = Follower(standby.store, in: standby.directory, keyring: standby.keyring)
    try first.start(epoch: 1)
    try await Self.add("first", to: first)
    switch try standby.ladder().restoreNewest() {
    case .restored(let restored, _):
      standby.take(restored)
      try await follower.begin(with: restored)
    case let other: Issue.record("the restore ends with \(other)")
    }
    let progress = try await follower.catchUp(holder: 1)
    #expect(progress == .current)
  }

  static func add(_ name: String, to task: StoreWithDumps) async throws {
    try await task.write { (transaction) throws(StoreError) in
      try transaction.insert(["name": .string(name)], into: "users")
    }
  }

  /// Lets another task take over, whose list is current.
  func succeed(epoch: Int) throws -> StoreWithDumps {
    let next = try StoreWithDumps(root, journal: .always)
    try next.start(epoch: epoch)
    return next
  }

  func isEqual(to task: StoreWithDumps) -> Bool {
    StoreWithDumps.isEqual(sorted(standby), sorted(task))
  }

  private func sorted(_ task: StoreWithDumps) -> StoreWithDumps.Contents { task.contents.mapValues { $0.sorted() } }
}

@Suite("Journals that a list of the directory lacks")
struct StaleListingTests {
  @Test("are followed at each look, behind dumps and behind a change of the holder")
  func follow() async throws {
    try await withTemporaryDirectory { root in
      let volume = try await Volume(root)
      // The list is read at one look in ten.
      for number in 0..<12 {
        _ = try await volume.first.dump()
        try await Volume.add("n\(number)", to: volume.first)
        let progress = try await volume.follower.catchUp(holder: 1)
        #expect(progress == .current)
        #expect(volume.isEqual(to: volume.first), "\(number)")
      }
      volume.first.journal?.deactivate()
      let next = try volume.succeed(epoch: 2)
      try await Volume.add("of the next", to: next)
      let progress = try await volume.follower.catchUp(holder: 2)
      #expect(progress == .current)
      #expect(volume.isEqual(to: next))
    }
  }

  @Test(
    "are in the state of a task that takes over, also those of tasks between that it never heard of",
    arguments: [[2], [2, 3, 4], [2, 20], [9]])
  func takeOver(epochs: [Int]) async throws {
    try await withTemporaryDirectory { root in
      let volume = try await Volume(root)
      var newest = volume.first
      for epoch in epochs {
        newest.journal?.deactivate()
        newest = try volume.succeed(epoch: epoch)
        try await Volume.add("of epoch \(epoch)", to: newest)
      }
      newest.journal?.deactivate()
      let standing = try await volume.follower.standing(holder: epochs.reduce(1, max) + 1)
      guard case .newest = standing else {
        Issue.record("the state is \(standing)")
        return
      }
      #expect(volume.isEqual(to: newest))
    }
  }

  @Test("are in the list of the program, as far as their numbers go on")
  func list() async throws {
    try await withTemporaryDirectory { root in
      let volume = try await Volume(root)
      for number in 0..<3 {
        _ = try await volume.first.dump()
        try await Volume.add("n\(number)", to: volume.first)
      }
      let all = try volume.first.directory.journals()
      #expect(all.count == 4)
      #expect(try volume.standby.directory.journals() == all)
    }
  }
}
