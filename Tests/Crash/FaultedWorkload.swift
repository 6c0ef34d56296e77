import DocumentStore
import DumpDirectory
import DumpFormat
import Foundation
import Glibc
import JSON
import Persistence

/// One workload of `FaultSweep`.
struct FaultedWorkload {
  let operations: SweptOperations
  private let root: URL
  private let directory: DumpDirectory
  private let format: DumpFormatName
  private var history = StateHistory()
  private var head = 0
  private var count = 0
  private var newestMark = 0
  private var outcome = FaultSweep.Outcome()

  init(call: Int, _ fault: FaultSweep.Fault, _ format: DumpFormatName) throws {
    let memory = URL(filePath: "/dev/shm", directoryHint: .isDirectory)
    let parent = access(memory.path(), W_OK) == 0 ? memory : FileManager.default.temporaryDirectory
    root = parent.appending(path: "gatehouse-fault-\(UUID().uuidString)").resolvingSymlinksInPath()
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    operations = SweptOperations(call: call, fault)
    let location = try DumpLocation(path: "generated/d.bin", workingDirectory: root.path())
    directory = DumpDirectory(location, files: operations)
    self.format = format
  }

  func remove() { try? FileManager.default.removeItem(at: root) }

  mutating func play() async throws -> FaultSweep.Outcome {
    outcome.runs = 1
    let directory = directory
    while !(await attempt { try directory.prepare() }) { operations.heal() }
    var task = try begin(epoch: 1)
    for _ in 0..<2 { await change(task) }
    await dump(task)
    await change(task)
    await dump(task)
    await change(task)
    await restore(task)
    await change(task)
    await prune()
    await change(task)
    // Another task takes over, and goes on from writes of the first one.
    task.isConfirmed.value = false
    task.journal.deactivate()
    task = try begin(epoch: 2)
    await change(task)
    try judge("with the fault")
    operations.heal()
    if await isReady(task.journal) {
      let before = outcome.refused
      await change(task)
      await dump(task)
      await prune()
      await change(task)
      if outcome.refused > before { violate("a change or a dump is refused after the fault") }
    } else {
      violate("changes are refused after the fault: \(task.journal.obstacle.map { "'\($0)'" } ?? "no reason")")
    }
    try judge("after the fault")
    outcome.violations += operations.violations
    return outcome
  }

  private mutating func begin(epoch: Int) throws -> CrashTask {
    let task = try CrashTask(directory, format: format)
    let (journal, operations) = (task.journal, operations)
    operations.whenHung { [weak journal] call, time in
      // A call counts as hanging after 2 s. Removing an old journal is no call of the journal.
      guard time > .seconds(2), call.path.contains(".journal-"), call.kind != .unlink, let journal,
        journal.obstacle == nil
      else { return }
      operations.violate("changes are accepted while '\(call.path)' hangs")
    }
    try task.start(epoch: epoch)
    let node = history.node(StateHistory.contents(task.store.snapshot()))
    if node.map({ history.leads(from: newestMark, to: $0) }) != true {
      violate("a task takes over from a state without acknowledged changes")
    }
    head = node ?? head
    return task
  }

  // MARK: Steps

  private mutating func change(_ task: CrashTask) async {
    // A request is refused while the journal has a reason. That of a hanging call, or of one fault, passes.
    if let obstacle = task.journal.obstacle {
      if obstacle.isEmpty { violate("changes are refused without a reason") }
      guard !operations.lasts, await isReady(task.journal) else { return outcome.refused += 1 }
    }
    count += 1
    let number = JSONValue.integer(count)
    do {
      let commit = try task.store.write { (transaction) throws(StoreError) in
        try transaction.insert(["name": number, "v": .string(String(repeating: "x", count: 40))], into: "users")
      }.commit
      guard let commit else { return violate("a change without a commit") }
      head = history.add(StateHistory.contents(commit.snapshot), after: head)
      await append(commit, task)
    } catch {
      violate("a change is not made: \(error)")
    }
  }

  private mutating func append(_ commit: Commit, _ task: CrashTask) async {
    let (journal, node) = (task.journal, head)
    guard await attempt({ try await journal.append(commit) }) else { return }
    if !history.leads(from: newestMark, to: node) { violate("acknowledged changes are not part of a later one") }
    newestMark = max(newestMark, node)
    outcome.acknowledged += 1
  }

  private mutating func dump(_ task: CrashTask) async {
    let node = head
    if await attempt({ _ = try await task.dump() }) { newestMark = max(newestMark, node) }
  }

  private mutating func restore(_ task: CrashTask) async {
    do {
      guard let path = try directory.catalogue(CrashTask.keyring).last?.path else { return }
      let loaded = try CrashTask.ladder(directory).load(path)
      count += 1
      let number = JSONValue.integer(count)
      let commit = try task.store.replaceAll(with: loaded.contents) { (transaction, _) throws in
        try transaction.insert(["name": "restored", "v": number], into: "groups")
      }
      head = history.add(StateHistory.contents(commit.snapshot), after: head)
      await append(commit, task)
    } catch {
      violate("a dump can't be loaded: \(error)")
    }
  }

  /// Removes what the newest dump covers.
  private mutating func prune() async {
    do {
      let dumps = try directory.catalogue(CrashTask.keyring)
      guard let order = dumps.compactMap(\.order).max() else { return }
      let directory = directory
      for journal in try directory.journals() where journal.number < JournalNumber(order) {
        await attempt { try directory.remove(journal) }
      }
      for dump in dumps where dump.order != order {
        await attempt { try directory.moveToTrash(dump.name, FileIdentity(of: dump.path)) }
      }
    } catch {
      violate("the directory can't be read: \(error)")
    }
  }

  /// - Returns: whether it worked. An error must have a reason.
  @discardableResult
  private mutating func attempt(_ body: () async throws -> Void) async -> Bool {
    do {
      try await body()
      return true
    } catch {
      outcome.refused += 1
      if "\(error)".isEmpty { violate("something is refused without a reason") }
      return false
    }
  }

  private func isReady(_ journal: Journal) async -> Bool {
    for _ in 0..<30_000 {
      if journal.obstacle == nil { return true }
      _ = try? await Task.sleep(for: .milliseconds(1))
    }
    return false
  }

  // MARK: Judgement

  /// Restores the files as they are, with operations that work.
  private mutating func judge(_ time: String) throws {
    let store = DocumentStore(schemas: CrashTask.schemas)
    switch try CrashTask.ladder(DumpDirectory(directory.location)).restoreNewest() {
    case .nothingThere: break
    case .restored(let restored, _): _ = store.replaceAll(with: restored.contents) { _, _ in }
    case .blocked(let failure, _): return violate("a start \(time) is refused: \(failure)")
    case .noneLoads(let failures): return violate("a start \(time) is refused: \(failures)")
    }
    guard let node = history.node(StateHistory.contents(store.snapshot())) else {
      return violate("a start \(time) has a state that no task had")
    }
    if !history.leads(from: newestMark, to: node) {
      violate("a start \(time) has state \(node), which lacks changes of \(newestMark), which was acknowledged")
    }
  }

  private mutating func violate(_ sentence: String) { outcome.violations.append(sentence) }
}
