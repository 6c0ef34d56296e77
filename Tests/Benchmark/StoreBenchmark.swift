import ArgumentParser
import DocumentStore
import Foundation
import JSON
import Model
import Rules

/// Benchmarks of the store in this process: filling, lookups, changes, snapshots and memory.
struct StoreBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "store")

  @Option var documents = 1_000_000
  @Option var rounds = 5

  func run() async throws {
    let clock = ContinuousClock()
    let before = Self.residentMiB
    var bytes = 0
    let store = DocumentStore(schemas: Collections.schemas)
    let filling = try clock.measure {
      var loader = CollectionLoader(schemas: Collections.schemas)
      for number in 0..<documents {
        let document = SampleUsers.bytes(number)
        bytes += document.count
        try document.withUnsafeBytes { try loader.append($0, to: Collections.users) }
      }
      let loaded = loader.finish()
      store.replaceAll(with: loaded) { _, _ in }
    }
    report("documents", Double(documents), "")
    report("their JSON", Double(bytes) / 1e6, "MB")
    report("fill with all indexes", filling.seconds, "s")
    report("resident memory for them", Self.residentMiB - before, "MiB")

    let lookups = 200_000
    report(
      "find a user by name",
      median(
        (0..<rounds).map { round in
          // A caller has the name already.
          let names = (0..<lookups).map { SampleUsers.name(($0 &* 7919 &+ round) % documents) }
          return clock.measure {
            let snapshot = store.snapshot()
            for name in names { precondition(Users.find(name, in: snapshot) != nil) }
          }.seconds / Double(lookups) * 1e6
        }), "µs")

    let updates = 20_000
    report(
      "set a field of a user (one commit each)",
      median(
        try (0..<rounds).map { round in
          try clock.measure {
            for index in 0..<updates {
              let name = SampleUsers.name((index &* 7919 &+ round) % documents)
              _ = try store.write { (transaction) throws(StoreError) in
                try transaction.update(
                  in: Collections.users, .fields(["username": name]),
                  [.set("rate_limit_duration", .integer(round &* updates &+ index))])
              }
            }
          }.seconds / Double(updates) * 1e6
        }), "µs")

    let snapshots = 100_000
    report(
      "snapshot of all collections",
      median(
        (0..<rounds).map { _ in
          clock.measure { for _ in 0..<snapshots { withExtendedLifetime(store.snapshot()) {} } }.seconds
            / Double(snapshots) * 1e9
        }), "ns")
    report(
      "first write after a snapshot",
      median(
        try (0..<200).map { index in
          let snapshot = store.snapshot()
          let name = SampleUsers.name(index &* 4999 % documents)
          let time = try clock.measure {
            _ = try store.write { (transaction) throws(StoreError) in
              try transaction.update(
                in: Collections.users, .fields(["username": name]), [.increment("throttle_duration", JSONNumber(1))])
            }
          }
          return withExtendedLifetime(snapshot) { time.seconds * 1e6 }
        }), "µs")
    report(
      "page of 10 users from the middle",
      median(
        (0..<rounds).map { _ in
          clock.measure {
            for _ in 0..<1000 {
              _ = store.snapshot().page(of: Collections.users, by: .field("username"), offset: documents / 2, limit: 10)
            }
          }.seconds / 1000 * 1e6
        }), "µs")
  }

  /// The VmRSS value of /proc/self/status.
  static var residentMiB: Double {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    return (line?.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0) / 1024
  }
}
