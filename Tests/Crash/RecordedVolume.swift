package import DumpDirectory
import DumpFormat
import Glibc
import Synchronization

/// The kernel's operations, each of which is recorded for `CrashedVolume`. They can fail or be held on request.
package final class RecordedVolume: FileOperations {
  /// One operation as a crash sees it. Files have numbers, because their names change.
  package enum Operation: Sendable {
    case create(file: Int, name: String)
    case write(file: Int, offset: Int, bytes: [UInt8])
    case synchronize(file: Int)
    case link(file: Int, name: String)
    case unlink(name: String)
    case synchronizeDirectory
  }

  /// A fault that is put in on purpose, to show that the proof finds it.
  package enum Sabotage: String, Sendable, CaseIterable {
    /// `fdatasync` returns without doing anything.
    case noDataSync
    /// The directory is not synchronized after a journal was created.
    case noDirectorySyncOfJournals
    /// The directory is not synchronized after a dump got its name.
    case noDirectorySyncOfDumps
    /// A task that takes over goes on from a write that was read, and is not safe.
    case noSyncOfTheStart
    /// A dump gets its name before its contents are safe.
    case linkBeforeSync
    /// A change is acknowledged before it is written. The workload does this.
    case earlyAcknowledgement
    /// Each write of a journal comes with other bytes before, as if the counter of a chunk were used twice.
    case repeatedCounter
  }

  private struct State {
    var operations: [Operation] = []
    var marks: [(operations: Int, node: Int)] = []
    var files: [String: Int] = [:]
    var open: [Int32: (file: Int, offset: Int)] = [:]
    var count = 0
    var failing: [String: Int] = [:]
    var held: Set<String> = []
    var waiting: [String: UInt] = [:]
    /// The threads of frozen tasks.
    var frozen: Set<UInt> = []
    /// The threads that wait here.
    var parked: Set<UInt> = []
    /// The threads that create journals. They synchronize the directory for journals, and others for dumps.
    var journalThreads: Set<UInt> = []
    var lateSync: [Int] = []
  }

  private let live = LiveFileOperations()
  private let state = Mutex(State())
  private let sabotage: Sabotage?

  /// Creates operations that have recorded nothing.
  package init(_ sabotage: Sabotage? = nil) { self.sabotage = sabotage }

  /// The operations so far.
  package var operations: [Operation] { state.withLock { $0.operations } }

  /// The acknowledged states, each with the number of operations before its acknowledgement.
  package var marks: [(operations: Int, node: Int)] { state.withLock { $0.marks } }

  /// Records that a state was acknowledged.
  func mark(_ node: Int) { state.withLock { $0.marks.append(($0.operations.count, node)) } }

  /// Makes the next calls of an operation fail.
  func fail(_ operation: String, times: Int) { state.withLock { $0.failing[operation] = times } }

  /// Makes calls of an operation wait until `release`.
  func hold(_ operation: String) { state.withLock { _ = $0.held.insert(operation) } }

  /// Lets calls of an operation go on.
  func release(_ operation: String) { state.withLock { _ = $0.held.remove(operation) } }

  /// Whether a call waits.
  func isWaiting(_ operation: String) -> Bool { state.withLock { $0.waiting[operation] != nil } }

  /// Freezes the thread of a call that waits, and lets other calls of the operation go on.
  func freeze(_ operation: String) {
    state.withLock { state in
      if let thread = state.waiting.removeValue(forKey: operation) { state.frozen.insert(thread) }
      state.held.remove(operation)
    }
  }

  /// Lets all frozen threads go on, and returns when they have. One that is still here could be taken for the thread of
  /// another task that comes into the next call that is held.
  func thaw() {
    let threads = state.withLock { state in
      defer { state.frozen = [] }
      return state.frozen
    }
    while !state.withLock({ $0.parked.isDisjoint(with: threads) }) { usleep(100) }
  }

  /// - Returns: whether the call has to fail.
  private func enter(_ operation: String) -> Bool {
    let thread = UInt(pthread_self())
    while state.withLock({ state in
      if state.held.contains(operation) { state.waiting[operation] = thread }
      if !state.held.contains(operation), state.waiting[operation] == thread, !state.frozen.contains(thread) {
        state.waiting[operation] = nil
      }
      let waits = state.held.contains(operation) || state.frozen.contains(thread)
      if waits { state.parked.insert(thread) } else { state.parked.remove(thread) }
      return waits
    }) { usleep(100) }
    return state.withLock { state in
      guard let left = state.failing[operation], left > 0 else { return false }
      state.failing[operation] = left - 1
      return true
    }
  }

  private func check(_ operation: String, _ path: String) throws(DumpDirectoryError) {
    if enter(operation) { throw DumpDirectoryError(.inputOutput, path, "\(operation): planned") }
  }

  private static func name(_ path: String) -> String { String(path.split(separator: "/").last ?? "") }

  /// Calls `mkdir`.
  package func makeDirectory(_ path: String) throws(DumpDirectoryError) { try live.makeDirectory(path) }

  /// Creates a file.
  package func create(_ path: String) throws(DumpDirectoryError) -> Int32? {
    let isJournal = path.contains(".journal-")
    if isJournal { try check("create", path) }
    guard let descriptor = try live.create(path) else { return nil }
    state.withLock { state in
      state.count += 1
      state.files[Self.name(path)] = state.count
      state.open[descriptor] = (state.count, 0)
      // The number of a thread that has ended is given to another.
      let thread = UInt(pthread_self())
      if isJournal { state.journalThreads.insert(thread) } else { state.journalThreads.remove(thread) }
      state.operations.append(.create(file: state.count, name: Self.name(path)))
    }
    return descriptor
  }

  /// Appends bytes.
  package func write(
    _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, _ path: String
  ) throws(DumpDirectoryError) {
    try check("write", path)
    record(descriptor, bytes, at: nil)
    try live.write(descriptor, bytes, path)
  }

  /// Writes bytes at an offset.
  package func write(
    _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int, _ path: String
  ) throws(DumpDirectoryError) {
    if enter("pwrite") {
      // A full volume takes a part.
      let part = UnsafeRawBufferPointer(rebasing: bytes.prefix(bytes.count / 2))
      record(descriptor, part, at: offset)
      try live.write(descriptor, part, at: offset, path)
      throw DumpDirectoryError(.noSpace, path, "pwrite: planned")
    }
    if sabotage == .repeatedCounter { recordOther(descriptor, bytes, at: offset) }
    record(descriptor, bytes, at: offset)
    try live.write(descriptor, bytes, at: offset, path)
  }

  /// Records a write that differs in the tag of its last chunk.
  private func recordOther(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int) {
    var other = Array(bytes)
    if let last = other.indices.last { other[last] ^= 1 }
    other.withUnsafeBytes { record(descriptor, $0, at: offset) }
  }

  private func record(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int?) {
    state.withLock { state in
      guard let open = state.open[descriptor] else { return }
      state.operations.append(.write(file: open.file, offset: offset ?? open.offset, bytes: Array(bytes)))
      if offset == nil { state.open[descriptor]?.offset += bytes.count }
    }
  }

  /// Waits for the contents.
  package func synchronizeData(_ descriptor: Int32, _ path: String) throws(DumpDirectoryError) {
    try check("fdatasync", path)
    try live.synchronizeData(descriptor, path)
    guard sabotage != .noDataSync else { return }
    state.withLock { state in
      if let open = state.open[descriptor] { state.operations.append(.synchronize(file: open.file)) }
    }
  }

  /// Waits for the contents.
  package func synchronize(_ descriptor: Int32, _ path: String) throws(DumpDirectoryError) {
    try check("fsync", path)
    try live.synchronize(descriptor, path)
    state.withLock { state in
      guard let open = state.open[descriptor] else { return }
      if sabotage == .linkBeforeSync {
        state.lateSync.append(open.file)
      } else {
        state.operations.append(.synchronize(file: open.file))
      }
    }
  }

  /// Waits for the contents of a file of another process.
  package func synchronizeExisting(_ path: String) throws(DumpDirectoryError) {
    try live.synchronizeExisting(path)
    guard sabotage != .noSyncOfTheStart else { return }
    state.withLock { state in
      if let file = state.files[Self.name(path)] { state.operations.append(.synchronize(file: file)) }
    }
  }

  /// Gives a file a free name.
  package func rename(_ path: String, to target: String) throws(DumpDirectoryError) -> Bool {
    try check("rename", path)
    guard try live.rename(path, to: target) else { return false }
    noteMove(path, target)
    return true
  }

  /// Gives a file a name.
  package func replace(_ path: String, to target: String) throws(DumpDirectoryError) {
    try live.replace(path, to: target)
    noteMove(path, target)
  }

  /// Records that a file has another name.
  private func noteMove(_ path: String, _ target: String) {
    state.withLock { state in
      guard let file = state.files.removeValue(forKey: Self.name(path)) else { return }
      state.files[Self.name(target)] = file
      state.operations.append(.link(file: file, name: Self.name(target)))
      state.operations.append(.unlink(name: Self.name(path)))
      state.operations += state.lateSync.map { .synchronize(file: $0) }
      state.lateSync = []
    }
  }

  /// Sets the time of a file.
  package func touch(_ path: String) throws(DumpDirectoryError) { try live.touch(path) }

  /// Waits for the names.
  package func synchronizeDirectory(_ path: String) throws(DumpDirectoryError) {
    let isForJournal = state.withLock { $0.journalThreads.contains(UInt(pthread_self())) }
    try check(isForJournal ? "directory of a journal" : "directory", path)
    try live.synchronizeDirectory(path)
    state.withLock { state in
      let skipped: Sabotage = isForJournal ? .noDirectorySyncOfJournals : .noDirectorySyncOfDumps
      if sabotage != skipped { state.operations.append(.synchronizeDirectory) }
    }
  }

  /// Removes a name.
  package func unlink(_ path: String) throws(DumpDirectoryError) {
    try live.unlink(path)
    state.withLock { $0.operations.append(.unlink(name: Self.name(path))) }
  }
}
