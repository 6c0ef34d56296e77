import DocumentStore
import DumpDirectory
import DumpFormat
import Foundation
import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

@testable import Persistence

@Suite("A store with a journal")
struct LiveJournalTests {
  @Test("has every acknowledged change after a start, whatever came between: dumps, restores, starts", arguments: 1...6)
  func random(seed: UInt64) async throws {
    var generator = SeededGenerator(seed: seed)
    try await withTemporaryDirectory { root in
      var setup = try StoreWithDumps(root, journal: .always)
      var epoch = 1
      try setup.start(epoch: epoch)
      for _ in 0..<150 {
        switch Int.random(in: 0..<20, using: &generator) {
        case 0: _ = try await setup.dump()
        case 1:
          // A restore by request puts a state in place that no journal leads to.
          let paths = try setup.directory.catalogue(setup.keyring).map(\.path)
          guard let path = paths.randomElement(using: &generator) else { continue }
          let commit = setup.store.replaceAll(with: try setup.ladder().load(path).contents) { _, _ in }
          try await setup.journal?.append(commit)
        case 2:
          let before = setup.contents
          setup = try StoreWithDumps(root, journal: .always)
          epoch += 1
          try setup.start(epoch: epoch)
          #expect(StoreWithDumps.isEqual(setup.contents, before))
        default: try await setup.change(using: &generator)
        }
      }
      let after = try StoreWithDumps(root, journal: .always)
      try after.start(epoch: epoch + 1)
      #expect(StoreWithDumps.isEqual(after.contents, setup.contents))
    }
  }

  @Test("has the changes of a damaged dump, which the journals before it hold, too")
  func damagedDump() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root, journal: .always)
      try setup.start(epoch: 1)
      for number in 0..<6 {
        try await setup.write { (transaction) throws(StoreError) in
          try transaction.insert(["name": .string("n\(number)")], into: "users")
        }
        if number == 1 || number == 3 { _ = try await setup.dump() }
      }
      for path in try setup.directory.catalogue(setup.keyring).map(\.path) {
        var bytes = try Data(contentsOf: URL(filePath: path))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(filePath: path))
        let again = try StoreWithDumps(root, journal: .always)
        try again.start(epoch: 9)
        #expect(StoreWithDumps.isEqual(again.contents, setup.contents))
      }
    }
  }

  @Test("acknowledges nothing while the volume refuses, keeps it, and goes on by itself when it can")
  func trouble() async throws {
    try await withTemporaryDirectory { root in
      let isFull = Mutex(false)
      let files = RefusingOperations { isFull.withLock { $0 } }
      let setup = try StoreWithDumps(root, files: files, journal: .always)
      let journal = try #require(setup.journal)
      try setup.start(epoch: 1)
      try await setup.write { (transaction) throws(StoreError) in
        try transaction.insert(["name": "before"], into: "users")
      }
      isFull.withLock { $0 = true }
      await #expect(throws: (any Error).self) {
        try await setup.write { (transaction) throws(StoreError) in
          try transaction.insert(["name": "refused"], into: "users")
        }
      }
      #expect(journal.obstacle == "the volume is full: free space on it or enlarge it")
      let during = try StoreWithDumps(root, journal: .always)
      try during.start(epoch: 2)
      #expect(during.store.snapshot().count == 1)
      isFull.withLock { $0 = false }
      let isFree: Bool? = eventually { journal.obstacle == nil ? true : nil }
      #expect(isFree == true)
      try await setup.write { (transaction) throws(StoreError) in
        try transaction.insert(["name": "after"], into: "users")
      }
      let after = try StoreWithDumps(root, journal: .always)
      try after.start(epoch: 3)
      #expect(StoreWithDumps.isEqual(after.contents, setup.contents))
      #expect(after.store.snapshot().count == 3)
    }
  }

  @Test("goes on when the volume takes writes again before the lease is renewed there")
  func troubleBeforeTheLease() async throws {
    try await withTemporaryDirectory { root in
      let isFull = Mutex(false)
      let isConfirmed = Mutex(true)
      let files = RefusingOperations { isFull.withLock { $0 } }
      let setup = try StoreWithDumps(
        root, files: files, journal: .always, isConfirmed: { isConfirmed.withLock { $0 } })
      let journal = try #require(setup.journal)
      try setup.start(epoch: 1)
      isFull.withLock { $0 = true }
      await #expect(throws: (any Error).self) {
        try await setup.write { (transaction) throws(StoreError) in
          try transaction.insert(["name": "refused"], into: "users")
        }
      }
      #expect(journal.obstacle != nil)
      isConfirmed.withLock { $0 = false }
      isFull.withLock { $0 = false }
      let isFree: Bool? = eventually { journal.obstacle == nil ? true : nil }
      #expect(isFree == true)
      isConfirmed.withLock { $0 = true }
      try await setup.write { (transaction) throws(StoreError) in
        try transaction.insert(["name": "after"], into: "users")
      }
    }
  }

  @Test("acknowledges nothing without its lease")
  func fence() async throws {
    try await withTemporaryDirectory { root in
      let isConfirmed = Mutex(true)
      let setup = try StoreWithDumps(root, journal: .always, isConfirmed: { isConfirmed.withLock { $0 } })
      try setup.start(epoch: 1)
      func add(_ name: String) async throws {
        try await setup.write { (transaction) throws(StoreError) in
          try transaction.insert(["name": .string(name)], into: "users")
        }
      }
      try await add("one")
      isConfirmed.withLock { $0 = false }
      await #expect(throws: (any Error).self) { try await add("two") }
      isConfirmed.withLock { $0 = true }
      try await add("three")
      setup.journal?.deactivate()
      await #expect(throws: (any Error).self) { try await add("four") }
    }
  }

  @Test("acknowledges what it has written once its lease is confirmed again, also without another change")
  func confirmedAgain() async throws {
    try await withTemporaryDirectory { root in
      let isConfirmed = Mutex(false)
      let setup = try StoreWithDumps(root, journal: .always, isConfirmed: { isConfirmed.withLock { $0 } })
      let journal = try #require(setup.journal)
      try setup.start(epoch: 1)
      await #expect(throws: (any Error).self) {
        try await setup.write { (transaction) throws(StoreError) in
          try transaction.insert(["name": "refused"], into: "users")
        }
      }
      let sequence = setup.store.snapshot().sequence
      // A client that asks for the change again finds it made.
      await #expect(throws: (any Error).self) { try await journal.confirm(through: sequence) }
      isConfirmed.withLock { $0 = true }
      #expect(await eventuallyTrue { journal.safe == sequence })
      try await journal.confirm(through: sequence)
    }
  }

  @Test("answers at once with an interval, and writes soon")
  func interval() async throws {
    try await withTemporaryDirectory { root in
      let setup = try StoreWithDumps(root, journal: .interval(.milliseconds(50)))
      try setup.start(epoch: 1)
      for number in 0..<20 {
        try await setup.write { (transaction) throws(StoreError) in
          try transaction.insert(["name": .string("n\(number)")], into: "users")
        }
      }
      let sequence = setup.store.snapshot().sequence
      let isSafe: Bool? = eventually { setup.journal?.safe == sequence ? true : nil }
      #expect(isSafe == true)
      let after = try StoreWithDumps(root, journal: .always)
      try after.start(epoch: 2)
      #expect(StoreWithDumps.isEqual(after.contents, setup.contents))
    }
  }

  @Test("leaves out what a task wrote after another one had taken over")
  func lateWriter() async throws {
    try await withTemporaryDirectory { root in
      let first = try StoreWithDumps(root, journal: .always)
      try first.start(epoch: 1)
      func add(_ setup: StoreWithDumps, _ name: String) async throws {
        try await setup.write { (transaction) throws(StoreError) in
          try transaction.insert(["name": .string(name)], into: "users")
        }
      }
      try await add(first, "acknowledged")
      let second = try StoreWithDumps(root, journal: .always)
      try second.start(epoch: 2)
      try await add(second, "of the second")
      // The first one was frozen, and wakes up.
      try await add(first, "late")
      let third = try StoreWithDumps(root, journal: .always)
      try third.start(epoch: 3)
      #expect(StoreWithDumps.isEqual(third.contents, second.contents))
    }
  }

  @Test("refuses a start when a journal is missing or damaged, unless less is allowed")
  func blocked() async throws {
    for isMissing in [true, false] {
      try await withTemporaryDirectory { root in
        let setup = try StoreWithDumps(root, journal: .always)
        try setup.start(epoch: 1)
        for number in 0..<6 {
          try await setup.write { (transaction) throws(StoreError) in
            try transaction.insert(["name": .string("n\(number)")], into: "users")
          }
          if number % 2 == 1 { _ = try await setup.dump() }
        }
        try await setup.write { (transaction) throws(StoreError) in
          try transaction.insert(["name": "last"], into: "users")
        }
        let dumps = try setup.directory.catalogue(setup.keyring).map(\.path)
        for path in dumps.prefix(2) { unlink(path) }
        let middle = try #require(try setup.directory.journals().first { $0.number.sequence == 2 })
        if isMissing {
          unlink(middle.path)
        } else {
          var bytes = try Data(contentsOf: URL(filePath: middle.path))
          bytes[bytes.count / 2] ^= 1
          try bytes.write(to: URL(filePath: middle.path))
        }
        guard case .blocked(let failure, _) = try setup.ladder().restoreNewest() else {
          Issue.record("a start takes an older state")
          return
        }
        #expect(failure.fault == .unloadable)
        guard case .restored(let restored, let passedOver) = try setup.ladder().restoreNewest(allowsOlder: true) else {
          Issue.record("nothing is restored")
          return
        }
        #expect(passedOver.count == 1)
        #expect(restored.documents == 4)
      }
    }
  }
}
