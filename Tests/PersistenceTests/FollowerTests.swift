import Clocks
import DocumentStore
import DumpDirectory
import DumpFormat
import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@testable import Persistence

@Suite("A store that follows another task's journals")
struct FollowerTests {
  private static func withPair(_ body: (inout FollowingPair) async throws -> Void) async throws {
    try await withTemporaryDirectory { root in
      var pair = try await FollowingPair(root)
      try await body(&pair)
    }
  }

  @Test("has each commit, through dumps, and is restored once")
  func commits() async throws {
    try await Self.withPair { pair in
      try await pair.add("first ü\"\n")
      #expect(try await pair.follow() == 1)
      #expect(pair.isEqual)
      for number in 0..<40 {
        try await pair.add("n\(number)")
        if number % 9 == 0 { _ = try await pair.holder.dump() }
        #expect(try await pair.follow() == 0)
        #expect(pair.isEqual)
      }
      #expect(pair.follower.lag != nil)
    }
  }

  @Test("asks the volume itself whether a journal is there, and not what a network file system remembers")
  func names() async throws {
    try await Self.withPair { pair in
      try await pair.add("one")
      try await pair.follow()
      let watch = inotify_init1(Int32(IN_NONBLOCK))
      defer { close(watch) }
      #expect(inotify_add_watch(watch, pair.standby.directory.location.directory, UInt32(IN_OPEN | IN_ONLYDIR)) >= 0)
      for _ in 0..<5 {
        _ = try await pair.follower.catchUp(holder: pair.epoch)
        var events = [UInt8](repeating: 0, count: 4096)
        let count = read(watch, &events, events.count)
        // Events of the directory itself have no name.
        let opened =
          count > 0
          && events.withUnsafeBytes { events in
            var offset = 0
            while offset + MemoryLayout<inotify_event>.size <= count {
              let event = events.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
              if event.mask & UInt32(IN_ISDIR) != 0, event.len == 0 { return true }
              offset += MemoryLayout<inotify_event>.size + Int(event.len)
            }
            return false
          }
        #expect(opened)
      }
    }
  }

  @Test("begins with nothing, before the first commit of all")
  func empty() async throws {
    try await Self.withPair { pair in
      await pair.follower.beginEmpty()
      #expect(try await pair.follow() == 0)
      try await pair.add("one")
      #expect(try await pair.follow() == 0)
      #expect(pair.isEqual)
    }
  }

  @Test("is restored anew when the holder restores another state")
  func restore() async throws {
    try await Self.withPair { pair in
      try await pair.add("one")
      let dump = try await pair.holder.dump()
      try await pair.add("two")
      try await pair.follow()
      let commit = pair.holder.store.replaceAll(
        with: try pair.holder.ladder().load(dump.written.path).contents
      ) { _, _ in }
      try await pair.holder.journal?.append(commit)
      try await pair.add("three")
      #expect(try await pair.follow() == 1)
      #expect(pair.isEqual)
      #expect(try await pair.follow() == 0)
    }
  }

  @Test("drops what a holder wrote that had lost the lease")
  func fork() async throws {
    try await Self.withPair { pair in
      try await pair.add("one")
      try await pair.follow()
      // Another task goes on from here, and the former holder writes on.
      let next = try StoreWithDumps(pair.holder.directory.root, journal: .always)
      guard case .restored(let restored, _) = try next.ladder().restoreNewest() else {
        Issue.record("nothing to restore")
        return
      }
      next.take(restored)
      try await pair.add("left behind")
      try await pair.follow()
      next.journal?.activate(epoch: 2)
      try await pair.add("of the next", to: next)
      let late = pair.holder
      (pair.holder, pair.epoch) = (next, 2)
      #expect(try await pair.follow() == 1)
      #expect(pair.isEqual)
      try await pair.add("late", to: late)
      #expect(try await pair.follow() == 0)
      #expect(pair.isEqual)
    }
  }

  @Test(
    "goes on as the holder without a restore, behind commits and behind an empty journal",
    arguments: ["commits", "empty journal"])
  func takeOver(behind last: String) async throws {
    try await Self.withPair { pair in
      try await pair.add("one")
      _ = try await pair.holder.dump()
      try await pair.add("two")
      try await pair.follow()
      try await pair.add("three")
      let dump = last == "commits" ? nil : try await pair.holder.dump()
      // An orderly end closes the journal behind the dump.
      if last == "empty journal" {
        let isClosed = try await pair.holder.journal?.end(
          through: pair.holder.store.snapshot().sequence, within: .seconds(60))
        #expect(isClosed == true)
      }
      pair.holder.journal?.deactivate()
      let standing = try await pair.follower.standing(holder: 2)
      guard case .newest(let start, let origin) = standing else {
        Issue.record("the state is \(standing)")
        return
      }
      #expect(pair.isEqual)
      if let dump { #expect(origin?.path == dump.written.path) }
      let standby = pair.standby
      standby.journal?.begin(with: start)
      standby.journal?.note(newest: await pair.follower.newest)
      standby.journal?.activate(epoch: 2)
      try await pair.add("four", to: standby)
      let again = try StoreWithDumps(standby.directory.root, journal: .always)
      guard case .restored(let restored, let passedOver) = try again.ladder().restoreNewest() else {
        Issue.record("nothing to restore")
        return
      }
      #expect(passedOver.isEmpty)
      _ = again.store.replaceAll(with: restored.contents) { _, _ in }
      #expect(FollowingPair.contents(again.store) == FollowingPair.contents(standby.store))
    }
  }

  @Test(
    "is not the newest state before a dump that no journal follows, as that may be a restore's",
    arguments: [false, true])
  func dumpOfRestore(isRestore: Bool) async throws {
    try await Self.withPair { pair in
      let path = try await pair.holder.dump().written.path
      try await pair.add("one")
      try await pair.follow()
      if isRestore {
        _ = pair.holder.store.replaceAll(with: try pair.holder.ladder().load(path).contents) { _, _ in }
      }
      _ = try await pair.holder.dump()
      // The holder crashes before a journal begins behind its dump.
      pair.holder.journal?.deactivate()
      #expect(try await pair.follower.standing(holder: 2) == .older)
    }
  }

  @Test("is not the newest state beside a dump that it did not come from")
  func foreignDump() async throws {
    try await Self.withPair { pair in
      try await pair.add("one")
      _ = try await pair.holder.dump()
      try await pair.follow()
      pair.holder.journal?.deactivate()
      let other = try StoreWithDumps(pair.holder.directory.root, format: .dmp1)
      try other.add("of another program")
      _ = try await other.dump()
      #expect(try await pair.follower.standing(holder: 2) == .older)
    }
  }

  @Test("equals the holder after random changes, dumps, restores and take-overs", arguments: 1...4)
  func random(seed: UInt64) async throws {
    var generator = SeededGenerator(seed: seed)
    try await Self.withPair { pair in
      for step in 0..<150 {
        switch Int.random(in: 0..<24, using: &generator) {
        case 0: _ = try await pair.holder.dump()
        case 1:
          let paths = try pair.holder.directory.catalogue(pair.holder.keyring).map(\.path)
          guard let path = paths.randomElement(using: &generator) else { continue }
          let commit = pair.holder.store.replaceAll(with: try pair.holder.ladder().load(path).contents) { _, _ in }
          try await pair.holder.journal?.append(commit)
        case 2: try await Self.succeed(&pair)
        case 3...8:
          let value = JSONValue.string("v\(generator.next())")
          try await pair.change { (transaction) throws(StoreError) in
            try transaction.update(in: "users", .everything, [.set(FieldPath(field: "v"), value)])
          }
        case 9: try await pair.change { (transaction) in transaction.delete(from: "users", .everything) }
        default: try await pair.add("n\(step)")
        }
        if Bool.random(using: &generator) {
          try await pair.follow()
          #expect(pair.isEqual)
        }
      }
      try await pair.follow()
      #expect(pair.isEqual)
    }
  }

  /// Another task takes over from the holder.
  private static func succeed(_ pair: inout FollowingPair) async throws {
    let next = try StoreWithDumps(pair.holder.directory.root, journal: .always)
    switch try next.ladder().restoreNewest() {
    case .restored(let restored, _):
      next.take(restored)
    case .nothingThere: next.journal?.begin(with: .empty)
    case let other: Issue.record("the start ends with \(other)")
    }
    pair.holder.journal?.deactivate()
    pair.epoch += 1
    next.journal?.activate(epoch: pair.epoch)
    pair.holder = next
  }
}

extension DumpDirectory {
  /// The directory that holds the dump directory.
  fileprivate var root: URL { URL(filePath: location.directory).deletingLastPathComponent() }
}
