import Clocks
import DocumentStore
import DumpDirectory
import DumpFormat
import Foundation
import JSON
import Persistence
import Synchronization
import TestSupport
import Testing

/// A clock that tests set. Each reading is later than the one before by a microsecond.
final class SteppedClock: Sendable {
  private let microseconds: Mutex<Int>

  init(_ start: Int = 1_795_464_697_000_000) { microseconds = Mutex(start) }

  var wall: WallClock {
    WallClock { [self] in
      let now = tick()
      return .init(seconds: now / 1_000_000, microseconds: now % 1_000_000)
    }
  }

  @discardableResult
  func tick() -> Int {
    microseconds.withLock { now in
      now += 1
      return now
    }
  }

  /// Moves the clock forward, or back.
  func move(by difference: Int) { microseconds.withLock { $0 += difference } }
}

/// A directory with a history: the store that writes it, and the states that it had.
struct StoreHistory {
  typealias Contents = StoreWithDumps.Contents

  /// A state, with its position and a time at which it was the state.
  struct Known {
    let position: JournalPosition?
    let time: Int
    let contents: Contents
  }

  let root: URL
  let clock: SteppedClock
  let format: DumpFormatName
  let mode: Journal.Mode?
  private(set) var setup: StoreWithDumps
  private(set) var epoch = 0
  private(set) var known: [Known] = []

  init(
    _ root: URL, clock: SteppedClock = SteppedClock(), format: DumpFormatName = .dmp2, mode: Journal.Mode? = .always
  ) async throws {
    (self.root, self.clock, self.format, self.mode) = (root, clock, format, mode)
    setup = try StoreWithDumps(root, format: format, journal: mode, clock: clock.wall)
    try await start()
  }

  /// Begins the next epoch as a start does. The store before is left as after a crash.
  mutating func start() async throws {
    epoch += 1
    setup = try StoreWithDumps(root, format: format, journal: mode, clock: clock.wall)
    try setup.start(epoch: epoch)
  }

  var ladder: Ladder { setup.ladder() }

  /// Records the present state.
  mutating func note() throws {
    var position: JournalPosition?
    if case .restored(let restored, _) = try ladder.restoreNewest() { position = restored.position }
    known.append(Known(position: position, time: clock.tick(), contents: setup.contents))
  }

  mutating func write(_ body: (inout Transaction) throws(StoreError) -> Void) async throws {
    try await setup.write { (transaction) throws(StoreError) in try body(&transaction) }
    try note()
  }

  mutating func add(_ name: String) async throws {
    try await write { (transaction) throws(StoreError) in
      try transaction.insert(["name": .string(name)], into: "users")
    }
  }

  @discardableResult
  mutating func dump() async throws -> Dumper.Dump {
    let dump = try await setup.dump()
    try note()
    return dump
  }

  /// Puts another state in place, as a restore by request does.
  mutating func replace(with contents: LoadedCollections) async throws {
    let commit = setup.store.replaceAll(with: contents) { _, _ in }
    try await setup.journal?.append(commit)
    try note()
  }

  /// A random history of changes, dumps, restores and starts.
  mutating func live(_ steps: Int, using generator: inout some RandomNumberGenerator) async throws {
    for _ in 0..<steps {
      clock.move(by: Int.random(in: 0..<3_000_000, using: &generator))
      switch Int.random(in: 0..<24, using: &generator) {
      case 0, 1: try await dump()
      case 2:
        guard let past = known.randomElement(using: &generator), let position = past.position else { continue }
        try await replace(with: ladder.restore(at: .position(position), clock: clock.wall).restored.contents)
        #expect(StoreWithDumps.isEqual(setup.contents, past.contents))
      case 3: try await start()
      default:
        try await setup.change(using: &generator)
        try note()
      }
    }
  }

  /// The state of a moment, or `nil` when it is not covered.
  func state(at moment: Moment) throws -> Contents? {
    let store = DocumentStore(schemas: StoreWithDumps.schemas)
    do {
      let found = try ladder.restore(at: moment, clock: clock.wall)
      _ = store.replaceAll(with: found.restored.contents) { _, _ in }
    } catch let error as MomentError where error.code == .uncovered {
      return nil
    }
    return StoreWithDumps.contents(store)
  }
}
