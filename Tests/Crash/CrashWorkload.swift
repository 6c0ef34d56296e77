import DocumentStore
import DumpDirectory
package import DumpFormat
package import Foundation
import Glibc
import JSON
import Persistence
import TestSupport

/// Tasks that change, dump, restore and take over from each other, while operations fail and hang.
package struct CrashWorkload {
  /// A workload as it ran.
  package struct Recording: Sendable {
    /// The operations on the volume.
    package let operations: [RecordedVolume.Operation]
    /// The acknowledged states, each with the number of operations before its acknowledgement.
    package let marks: [(operations: Int, node: Int)]
    /// The states of the stores.
    package let history: StateHistory
    /// The format of the dumps.
    package let format: DumpFormatName
    /// Broken promises that the workload itself saw.
    package let violations: [String]
  }

  struct Refused: Error {
    let outcome: String
  }

  private let volume: RecordedVolume
  private let sabotage: RecordedVolume.Sabotage?
  private let directory: DumpDirectory
  private let format: DumpFormatName
  private var generator: SeededGenerator
  private var history = StateHistory()
  private var task: CrashTask
  private var head = 0
  /// A task that lost its lease and does not know it yet.
  private var frozen: (task: CrashTask, head: Int)?
  private var epoch = 1
  private var count = 0
  private var newestMark = 0
  private var violations: [String] = []

  /// The format of a workload's dumps where none is asked for. Most have the default one, and every fourth has that of
  /// Doorman.
  package static func format(of seed: UInt64) -> DumpFormatName { seed.isMultiple(of: 4) ? .dmp1 : .dmp2 }

  private init(
    _ root: URL, seed: UInt64, _ format: DumpFormatName, _ sabotage: RecordedVolume.Sabotage?
  ) throws {
    volume = RecordedVolume(sabotage)
    self.sabotage = sabotage
    let location = try DumpLocation(path: "generated/d.bin", workingDirectory: root.path())
    directory = DumpDirectory(location, files: volume)
    try directory.prepare()
    generator = SeededGenerator(seed: seed)
    self.format = format
    task = try CrashTask(directory, format: format)
    try task.start(epoch: epoch)
  }

  /// Runs a workload.
  ///
  /// - Parameters:
  ///   - root: an empty directory.
  ///   - steps: the number of things that happen.
  ///   - format: the format of the dumps.
  package static func record(
    seed: UInt64, steps: Int, in root: URL, format: DumpFormatName, _ sabotage: RecordedVolume.Sabotage? = nil
  ) async throws -> Recording {
    var workload = try CrashWorkload(root, seed: seed, format, sabotage)
    for _ in 0..<steps { try await workload.step() }
    workload.volume.thaw()
    return Recording(
      operations: workload.volume.operations, marks: workload.volume.marks, history: workload.history,
      format: format, violations: workload.violations)
  }

  private mutating func step() async throws {
    switch Int.random(in: 0..<20, using: &generator) {
    case 0..<8: try await change()
    case 8..<10: try await changeTogether(Int.random(in: 2...4, using: &generator))
    case 10..<12: _ = try await task.dump()
    case 12..<14: try await changeDuringDump()
    case 14: try await restore()
    case 15..<17: try takeOver()
    case 17: try await goOnFrozen()
    case 18: try await failDump()
    default: try await failWrite()
    }
  }

  // MARK: Changes

  private mutating func commit() throws -> Commit {
    count += 1
    let number = JSONValue.integer(count)
    let text = JSONValue.string(String(repeating: "x", count: Int.random(in: 0..<300, using: &generator)))
    let name = "n\(Int.random(in: 0..<12, using: &generator))"
    let kind = Int.random(in: 0..<10, using: &generator)
    let commit = try task.store.write { (transaction) throws(StoreError) in
      if kind < 2 { transaction.delete(from: "users", .fields(["name": name])) }
      if kind == 2 { try transaction.update(in: "users", .everything, [.set(FieldPath(field: "v"), number)]) }
      if transaction.find(in: "users", .fields(["name": name])).isEmpty {
        try transaction.insert(["name": .string(name), "v": number, "t": text], into: "users")
      } else {
        try transaction.update(
          in: "users", .fields(["name": name]), [.set(FieldPath(field: "v"), number)])
      }
    }.commit
    guard let commit else { throw Refused(outcome: "a change without a commit") }
    head = history.add(StateHistory.contents(commit.snapshot), after: head)
    if sabotage == .earlyAcknowledgement { mark(head) }
    return commit
  }

  private mutating func mark(_ node: Int) {
    if !history.leads(from: newestMark, to: node) {
      violations.append("state \(node) is acknowledged, and \(newestMark) before it is not part of it")
    }
    newestMark = max(node, newestMark)
    volume.mark(node)
  }

  private mutating func append(_ commit: Commit, _ node: Int) async throws {
    try await task.journal.append(commit)
    mark(node)
  }

  private mutating func change() async throws {
    let commit = try commit()
    try await append(commit, head)
  }

  /// The first change is one batch, and the others, which come while it is written, are the next one.
  private mutating func changeTogether(_ number: Int) async throws {
    volume.hold("fdatasync")
    var commits = [(try commit(), head)]
    let volume = volume
    _ = eventually { volume.isWaiting("fdatasync") ? true : nil }
    for _ in 1..<number { commits.append((try commit(), head)) }
    volume.release("fdatasync")
    for (commit, node) in commits { try await append(commit, node) }
  }

  // MARK: Dumps and restores

  private mutating func changeDuringDump() async throws {
    // A change that only a dump can hold would wait for the next one.
    try await change()
    volume.hold("fsync")
    let task = task
    let dump = Task { try await task.dump() }
    let volume = volume
    while !volume.isWaiting("fsync") { try await Task.sleep(for: .milliseconds(1)) }
    do {
      try await change()
      volume.release("fsync")
    } catch {
      volume.release("fsync")
      throw error
    }
    _ = try await dump.value
    try await change()
  }

  private mutating func restore() async throws {
    let paths = try directory.catalogue(CrashTask.keyring).map(\.path)
    guard let path = paths.randomElement(using: &generator) else { return }
    let loaded = try CrashTask.ladder(directory).load(path)
    count += 1
    let number = JSONValue.integer(count)
    let commit = try task.store.replaceAll(with: loaded.contents) { (transaction, _) throws in
      try transaction.insert(["name": "restored", "v": number], into: "groups")
    }
    head = history.add(StateHistory.contents(commit.snapshot), after: head)
    let node = head
    // Another change waits for the same dump, or for the next one.
    let other = try self.commit()
    try await append(commit, node)
    try await append(other, head)
  }

  private mutating func failDump() async throws {
    // A dump lets a journal be begun that is still to begin, and that would meet the failure in place of the dump.
    try await change()
    let operation = ["write", "fsync", "rename", "directory"].randomElement(using: &generator) ?? "fsync"
    volume.fail(operation, times: 1)
    let task = task
    await violate("a dump did not fail") { _ = try await task.dump() }
    volume.fail(operation, times: 0)
    try await change()
  }

  private mutating func failWrite() async throws {
    let operations = ["pwrite", "fdatasync", "directory of a journal", "create"]
    let operation = operations.randomElement(using: &generator) ?? "pwrite"
    // The last two are called for a new journal only.
    if operation != "pwrite", operation != "fdatasync" { _ = try await task.dump() }
    let isLong = Bool.random(using: &generator)
    volume.fail(operation, times: isLong ? .max : 1)
    let commit = try commit()
    let journal = task.journal
    await violate("a change is acknowledged that was not written") { try await journal.append(commit) }
    if isLong {
      // A dump holds what the journal can't take.
      _ = try await task.dump()
      mark(head)
    }
    volume.fail(operation, times: 0)
    guard await isReady(journal) else { return violations.append("the journal does not go on by itself") }
    try await change()
  }

  private func isReady(_ journal: Journal) async -> Bool {
    for _ in 0..<20_000 {
      if journal.obstacle == nil { return true }
      _ = try? await Task.sleep(for: .milliseconds(1))
    }
    return false
  }

  private mutating func violate(_ sentence: String, _ body: () async throws -> Void) async {
    do {
      try await body()
      violations.append(sentence)
    } catch {
      // It failed, as it has to.
    }
  }

  // MARK: Leases

  private mutating func takeOver() throws {
    volume.thaw()
    task.isConfirmed.value = false
    if Bool.random(using: &generator) {
      // It is frozen in a write that is not safe yet.
      volume.hold("fdatasync")
      _ = try commit()
      let volume = volume
      _ = eventually { volume.isWaiting("fdatasync") ? true : nil }
      volume.freeze("fdatasync")
    }
    let old = (task, head)
    epoch += 1
    if let again = frozen, Bool.random(using: &generator) {
      again.task.journal.deactivate()
      task = again.task
    } else {
      task = try CrashTask(directory, format: format)
    }
    frozen = old
    try task.start(epoch: epoch)
    guard let node = history.node(StateHistory.contents(task.store.snapshot())),
      history.leads(from: newestMark, to: node)
    else {
      throw Refused(outcome: "a task takes over from a state without acknowledged changes")
    }
    head = node
  }

  /// The frozen task wakes up: it writes changes, or gives a dump its name, before it sees that its lease is lost.
  private mutating func goOnFrozen() async throws {
    guard let late = frozen else { return }
    frozen = nil
    volume.thaw()
    let present = (task, head)
    (task, head) = late
    for _ in 0..<Int.random(in: 1...3, using: &generator) {
      let commit = try commit()
      let journal = task.journal
      await violate("a task without its lease acknowledges") { try await journal.append(commit) }
    }
    if Bool.random(using: &generator) {
      let path = try await task.dump()
      if Bool.random(using: &generator) { try volume.unlink(path) }
    }
    (task, head) = present
    try await change()
  }
}
