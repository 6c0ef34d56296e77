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

@Suite("A restore of a moment")
struct MomentTests {
  @Test(
    "has exactly the state after each commit, by its sequence and by its time", arguments: 1...8 as ClosedRange<UInt64>)
  func random(seed: UInt64) async throws {
    var generator = SeededGenerator(seed: seed)
    try await withTemporaryDirectory { root in
      var history = try await StoreHistory(root, format: seed % 4 == 0 ? .dmp1 : .dmp2)
      try await history.live(120, using: &generator)
      for known in history.known {
        // Before the first commit there is no state on the volume.
        guard let position = known.position else {
          #expect(known.contents.isEmpty)
          continue
        }
        #expect(try StoreWithDumps.isEqual(history.state(at: .position(position)), known.contents), "\(position)")
        #expect(try StoreWithDumps.isEqual(history.state(at: .time(known.time)), known.contents), "\(position)")
      }
    }
  }

  @Test(
    "has no other state than that of the moment, whichever files are gone or damaged",
    arguments: 1...8 as ClosedRange<UInt64>)
  func losses(seed: UInt64) async throws {
    var generator = SeededGenerator(seed: seed)
    try await withTemporaryDirectory { root in
      var history = try await StoreHistory(root)
      try await history.live(100, using: &generator)
      // Nothing shows that the newest journal is gone, or has lost its end.
      let paths =
        try history.setup.directory.catalogue(history.setup.keyring).map(\.path)
        + history.setup.directory.journals().map(\.path).dropLast()
      for path in paths.sorted().filter({ _ in Int.random(in: 0..<3, using: &generator) == 0 }) {
        var bytes = try Data(contentsOf: URL(filePath: path))
        if Bool.random(using: &generator) {
          unlink(path)
        } else {
          bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^= 1
          try bytes.write(to: URL(filePath: path))
        }
      }
      var covered = 0
      for known in history.known {
        for moment in [known.position.map { Moment.position($0) }, .time(known.time)].compactMap(\.self) {
          guard let state = try history.state(at: moment) else { continue }
          covered += 1
          #expect(StoreWithDumps.isEqual(state, known.contents), "\(moment)")
        }
      }
      #expect(covered > 0)
    }
  }

  @Test("goes back behind a restore, so that a restore can be undone")
  func undo() async throws {
    try await withTemporaryDirectory { root in
      var history = try await StoreHistory(root)
      try await history.add("one")
      let early = try #require(history.known.last)
      try await history.add("two")
      let late = try #require(history.known.last)
      try await history.replace(
        with: history.ladder.restore(at: .time(early.time), clock: history.clock.wall).restored.contents)
      #expect(history.setup.store.snapshot().count == 1)
      try await history.add("three")
      #expect(try history.state(at: .time(late.time)) == late.contents)
      #expect(try history.state(at: .time(early.time)) == early.contents)
      try await history.replace(
        with: history.ladder.restore(at: .time(late.time), clock: history.clock.wall).restored.contents)
      #expect(history.setup.contents == late.contents)
    }
  }

  @Test("needs no journal between two dumps of one writer between which nothing changed")
  func idle() async throws {
    try await withTemporaryDirectory { root in
      var history = try await StoreHistory(root)
      try await history.add("one")
      for _ in 0..<3 {
        try await history.dump()
        history.clock.move(by: 1_000_000)
        try history.note()
        try await history.start()
        history.clock.move(by: 1_000_000)
        try history.note()
        // The journal's thread may still write the file that shows this.
        try await history.dump()
        let directory = history.setup.directory
        let number = try #require(JournalNumber(epoch: history.epoch, sequence: 0))
        #expect(eventually { directory.entry(number) } != nil)
      }
      try await history.add("two")
      for known in history.known { #expect(try history.state(at: .time(known.time)) == known.contents) }
    }
  }

  @Test("leaves out what a task wrote after another one had taken over")
  func lateWriter() async throws {
    try await withTemporaryDirectory { root in
      var history = try await StoreHistory(root)
      try await history.add("acknowledged")
      let position = try #require(history.known.last?.position)
      var frozen = history
      try await history.start()
      try await history.add("of the second")
      let second = try #require(history.known.last)
      // The first one wakes up, writes to its journal and writes a dump.
      try await frozen.add("late")
      _ = try await frozen.setup.dump()
      try await frozen.setup.write { (transaction) throws(StoreError) in
        try transaction.insert(["name": "later"], into: "users")
      }
      try await history.add("end")
      let late = JournalPosition(journal: position.journal, commits: position.commits + 1)
      let error = #expect(throws: MomentError.self) { try history.ladder.restore(at: .position(late)) }
      #expect(error?.description.contains("not part of the history") == true)
      #expect(try history.state(at: .time(second.time)) == second.contents)
      #expect(try history.state(at: .time(history.clock.tick())) == history.setup.contents)
    }
  }

  @Test("names both states when a clock was set back and a time came twice")
  func clockBack() async throws {
    try await withTemporaryDirectory { root in
      var history = try await StoreHistory(root)
      try await history.add("one")
      history.clock.move(by: 10_000_000)
      try await history.add("two")
      let twice = history.clock.tick() - 3_000_000
      history.clock.move(by: -5_000_000)
      try await history.add("three")
      history.clock.move(by: 20_000_000)
      let error = #expect(throws: MomentError.self) {
        try history.ladder.restore(at: .time(twice), clock: history.clock.wall)
      }
      #expect(error?.code == .ambiguous)
      for known in [history.known[0], history.known[2]] {
        let position = try #require(known.position)
        #expect(error?.description.contains("\(position)") == true)
        #expect(try history.state(at: .position(position)) == known.contents)
      }
      // Behind both it is clear again, and before both, too.
      #expect(try history.state(at: .time(history.clock.tick())) == history.known[2].contents)
      #expect(try history.state(at: .time(history.known[0].time)) == history.known[0].contents)
    }
  }

  @Test("says which moments are covered, and why others are not")
  func uncovered() async throws {
    try await withTemporaryDirectory { root in
      var history = try await StoreHistory(root)
      let begin = history.clock.tick()
      history.clock.move(by: 1_000_000)
      try await history.add("one")
      try await history.dump()
      history.clock.move(by: 1_000_000)
      try await history.add("two")
      func error(_ moment: Moment) -> String {
        do {
          _ = try history.ladder.restore(at: moment, clock: history.clock.wall)
          return "none"
        } catch {
          return "\(error)"
        }
      }
      #expect(error(.time(begin)).contains("covered: from 2026-11-23T"))
      #expect(error(.time(history.clock.tick() + 3_600_000_000)).contains("still to come"))
      let unknown = try #require(JournalPosition("1-7"))
      #expect(error(.position(unknown)).hasPrefix("there is no dump or journal 1-7; covered: from "))
      let beyond = try #require(JournalPosition("1-1.9"))
      #expect(error(.position(beyond)).contains("it has no commit 9, only 1"))
      // A damaged journal: what it still has is covered, and what follows is not.
      try await history.add("three")
      let path = try #require(try history.setup.directory.journals().last?.path)
      var bytes = try Data(contentsOf: URL(filePath: path))
      bytes[bytes.count - 5] ^= 1
      try bytes.write(to: URL(filePath: path))
      #expect(try history.state(at: .time(history.known[2].time)) == history.known[2].contents)
    }
  }

  @Test("goes on from a dump of another program, and does not guess what that program changed")
  func foreignDump() async throws {
    try await withTemporaryDirectory { root in
      var history = try await StoreHistory(root)
      try await history.add("one")
      try await history.dump()
      let before = try #require(history.known.last)
      history.clock.move(by: 5_000_000)
      let between = history.clock.tick()
      // As Doorman writes it: without a number.
      let other = DocumentStore(schemas: StoreWithDumps.schemas)
      try other.write { (transaction) throws(StoreError) in try transaction.insert(["name": "doorman"], into: "users") }
      let job = DumpJob(
        directory: history.setup.directory, keyring: history.setup.keyring, format: .dmp1, clock: history.clock.wall)
      _ = try job.write(other.snapshot(), to: history.setup.directory.location)
      try await history.start()
      try history.note()
      try await history.add("two")
      #expect(history.setup.store.snapshot().count == 2)
      for known in history.known where known.time != before.time {
        #expect(try history.state(at: .time(known.time)) == known.contents)
      }
      // That program may have changed something right after the dump before.
      #expect(try history.state(at: .position(#require(before.position))) == before.contents)
      #expect(try history.state(at: .time(before.time)) == nil)
      #expect(try history.state(at: .time(between)) == nil)
    }
  }

  @Test("is not led astray by a dump of an earlier time that was copied from another volume")
  func copiedDump() async throws {
    try await withTemporaryDirectory { root in
      var history = try await StoreHistory(root)
      let other = DocumentStore(schemas: StoreWithDumps.schemas)
      try other.write { (transaction) throws(StoreError) in try transaction.insert(["name": "other"], into: "users") }
      let job = DumpJob(
        directory: history.setup.directory, keyring: history.setup.keyring, format: .dmp2, clock: history.clock.wall)
      let order = try #require(DumpOrder(epoch: 1, sequence: 9))
      history.clock.move(by: 1_000_000)
      for name in ["one", "two"] {
        try await history.add(name)
        history.clock.move(by: 1_000_000)
      }
      let earlier = history.clock.tick()
      history.clock.move(by: -86_400_000_000)
      _ = try job.write(other.snapshot(), to: history.setup.directory.location, order: order)
      history.clock.move(by: 86_401_000_000)
      #expect(try history.state(at: .time(history.known[0].time)) == history.known[0].contents)
      for known in history.known {
        #expect(try history.state(at: .position(#require(known.position))) == known.contents)
      }
      // A start would take the copied dump, so nothing tells until when the state before it counted.
      #expect(try history.state(at: .time(earlier)) == nil)
      let copied = JournalPosition(journal: JournalNumber(order), commits: 0)
      #expect(try history.state(at: .position(copied)) == StoreWithDumps.contents(other))
    }
  }

  @Test("has the states of dumps without journals, and none between two of them")
  func withoutJournals() async throws {
    try await withTemporaryDirectory { root in
      let clock = SteppedClock()
      let setup = try StoreWithDumps(root, clock: clock.wall)
      let job = DumpJob(directory: setup.directory, keyring: setup.keyring, format: .dmp2, clock: clock.wall)
      var orders: [DumpOrder] = []
      var times: [Int] = []
      for sequence in 1...3 {
        try setup.add("n\(sequence)")
        let order = try #require(DumpOrder(epoch: 4, sequence: sequence))
        let written = try job.write(setup.store.snapshot(), to: setup.directory.location, order: order)
        orders.append(order)
        times.append(try #require(CivilTime.unixMicroseconds(of: written.summary.createdAt)))
        clock.move(by: 1_000_000)
      }
      func documents(_ moment: Moment) -> Int? {
        try? setup.ladder().restore(at: moment, clock: clock.wall).restored.documents
      }
      for (index, order) in orders.enumerated() {
        #expect(documents(.position(JournalPosition(journal: JournalNumber(order), commits: 0))) == index + 1)
        #expect(documents(.time(times[index])) == index + 1)
      }
      #expect(documents(.time(times[0] + 5)) == nil)
      #expect(documents(.time(times[2] + 5)) == 3)
    }
  }

  @Test("reads times of RFC 3339 and sequences, and nothing else")
  func texts() throws {
    #expect(try Moment(time: "2026-11-29T14:03:00Z") == .time(1_795_960_980_000_000))
    #expect(try Moment(time: "2026-11-29T15:03:00.5+01:00") == .time(1_795_960_980_500_000))
    #expect(try Moment(time: "2026-11-29T10:33:00.1234567-03:30") == .time(1_795_960_980_123_456))
    for text in [
      "", "14:03", "2026-11-29", "2026-11-29T14:03:00", "2026-11-31T14:03:00Z", "2026-11-29T25:03:00Z",
      "2026-11-29T14:03:00.Z", "2026-11-29T14:03:00+1:00", "2026-11-29 14:03:00Z",
    ] {
      #expect(throws: MomentError.self) { try Moment(time: text) }
    }
    #expect(JournalPosition("3-17.204")?.description == "3-17.204")
    #expect(JournalPosition("3-17.0")?.description == "3-17")
    #expect(
      JournalPosition("1-0") == JournalNumber(epoch: 1, sequence: 0).map { JournalPosition(journal: $0, commits: 0) })
    for text in ["", "3", "3-", "0-1", "3.1", "3-1.", "3-1.2.3", "03-1", "3-1-1", "3-99999999999999999", "٣-1"] {
      #expect(throws: MomentError.self) { try Moment(sequence: text) }
    }
  }
}
