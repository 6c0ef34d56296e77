import ArgumentParser
import DocumentStore
import DumpDirectory
import DumpFormat
import Foundation
import Glibc
import JSON
import Logging
import Model
import Persistence
import Synchronization

/// Measures changes that are acknowledged when they are on the volume: store and journal in one process, without HTTP.
struct JournalBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "journal")

  @Option var writers = 64
  @Option var seconds = 5.0
  @Option var documents = 10_000
  @Option var directory: String

  func run() async throws {
    let location = try DumpLocation(path: directory + "/journal.bin", workingDirectory: "/")
    let volume = DumpDirectory(location)
    try volume.prepare()
    let sync = try Self.sync(in: directory)
    let store = DocumentStore(schemas: Collections.schemas)
    let journal = try Journal(
      of: store, in: volume,
      keys: CurrentKeyring(DumpKeyring(sealing: DumpKey("benchmark-key-0123456789abcdef012345"))),
      mode: .always, program: "benchmark", logger: Logger(label: "benchmark")
    ) { true }
    journal.begin(with: .empty)
    journal.activate(epoch: 1)
    Journal.$installedState.withValue(.empty) { [contents = try users()] in
      _ = store.replaceAll(with: contents) { _, _ in }
    }
    let (documents, writers) = (documents, writers)
    let times = Mutex<[Double]>([])
    let (clock, start) = (ContinuousClock(), ContinuousClock.now)
    let end = start + .seconds(seconds)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<writers {
        group.addTask { @Sendable in
          var own: [Double] = []
          var number = writer
          while clock.now < end {
            let begin = clock.now
            try await Self.change(number % documents, store, journal)
            own.append((clock.now - begin).seconds)
            number += writers
          }
          times.withLock { $0 += own }
        }
      }
      try await group.waitForAll()
    }
    let passed = (clock.now - start).seconds
    let sorted = times.withLock { $0.sorted() }
    report("changes per second, \(writers) writers", Double(sorted.count) / passed, "/s")
    report("a change, median", sorted[sorted.count / 2] * 1000, "ms")
    report("a change, 99 of 100", sorted[sorted.count * 99 / 100] * 1000, "ms")
    let bytes = journal.newest?.bytes ?? 0
    report("a write of 4 KiB with its sync, median of \(Self.syncs)", sync * 1000, "ms")
    report("99 of 100 changes, in such syncs", sorted[sorted.count * 99 / 100] / sync, "")
    report("bytes of the journal per change", Double(bytes) / Double(sorted.count), "B")
  }

  private static let syncs = 200

  /// The time that the volume takes for a small write that is waited for, in seconds.
  private static func sync(in directory: String) throws -> Double {
    let path = directory + "/sync-probe"
    let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw ValidationError("no file can be made in \(directory)") }
    defer {
      close(descriptor)
      unlink(path)
    }
    let block = [UInt8](repeating: 0x61, count: 4096)
    let clock = ContinuousClock()
    return try median(
      (0..<syncs).map { number in
        let start = clock.now
        let written = pwrite(descriptor, block, block.count, off_t(number * block.count))
        guard written == block.count, fdatasync(descriptor) == 0 else {
          throw ValidationError("the volume can't be written: \(String(cString: strerror(errno)))")
        }
        return (clock.now - start).seconds
      })
  }

  private func users() throws -> LoadedCollections {
    var loader = CollectionLoader(schemas: Collections.schemas)
    for number in 0..<documents {
      try SampleUsers.bytes(number, .unicode).withUnsafeBytes { try loader.append($0, to: Collections.users) }
    }
    return loader.finish()
  }

  private static func change(_ number: Int, _ store: DocumentStore, _ journal: Journal) async throws {
    let result = try store.write { (transaction) throws(StoreError) in
      try transaction.update(
        in: Collections.users, .fields(["username": SampleText.unicode.name(number)]),
        [.set("rate_limit_duration", .integer(Int.random(in: 0..<1_000_000_000)))])
    }
    if let commit = result.commit { try await journal.append(commit) }
  }
}
