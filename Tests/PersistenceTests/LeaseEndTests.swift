import DumpDirectory
import Foundation
import Logging
import Persistence
import Synchronization
import TestSupport
import Testing

/// Keeps the lines of a log.
private struct Lines: LogHandler {
  final class Store: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func append(_ line: String) { lines.withLock { $0.append(line) } }
  }

  let store: Store
  var metadata = Logger.Metadata()
  var logLevel = Logger.Level.trace

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { store.append("\(event.level) \(event.message)") }
}

@Suite("The end of a lease")
struct LeaseEndTests {
  private func lease(_ url: URL, _ files: any FileOperations, _ lines: Lines.Store) -> WriterLease {
    let holder = LeaseHolder(name: "p", host: "host-p", process: 1, bootID: "")
    let volume = LeaseVolume(directory: url.path(), holder: holder, files: files)
    return WriterLease(
      volume: volume, keeper: LeaseKeeper(volume: volume) { 0 },
      logger: Logger(label: "test") { _ in Lines(store: lines) })
  }

  @Test("on a volume that hangs is logged once, with when another task takes it, and is made when the volume goes on")
  func hanging() async throws {
    try await withTemporaryDirectory { (url: URL) async throws in
      let hangs = Mutex(false)
      let files = HookedOperations { _ in
        _ = eventually { () -> Bool? in hangs.withLock { $0 } ? nil : true }
      }
      let lines = Lines.Store()
      let lease = lease(url, files, lines)
      try lease.start()
      #expect(await lease.firstRole(within: .seconds(20)) == .holding(epoch: 1))
      hangs.withLock { $0 = true }
      for _ in 0..<2 {
        #expect(await !lease.end(within: .milliseconds(50)))
        #expect(
          lines.all == [
            "warning the lease could not be given up in time, as the volume hangs; another task takes it once it is unchanged for 15 seconds"
          ])
      }
      hangs.withLock { $0 = false }
      #expect(await lease.end(within: .seconds(20)))
      #expect(lines.all.count == 1)
    }
  }

  @Test("of a task that does not hold it, or on a volume that answers, is not worth a warning")
  func quiet() async throws {
    try await withTemporaryDirectory { (url: URL) async throws in
      let lines = Lines.Store()
      let idle = lease(url, HookedOperations { _ in }, lines)
      // It was never started, so no time suffices for a role.
      #expect(await idle.firstRole(within: .zero) == .unknown)
      _ = await idle.end(within: .zero)
      let holder = lease(url, HookedOperations { _ in }, lines)
      try holder.start()
      #expect(await holder.firstRole(within: .seconds(20)) == .holding(epoch: 1))
      #expect(await holder.end(within: .seconds(20)))
      #expect(lines.all == [])
    }
  }
}
