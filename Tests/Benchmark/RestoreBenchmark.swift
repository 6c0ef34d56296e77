import ArgumentParser
import DocumentStore
import DumpDirectory
import DumpFormat
import Foundation
import Model
import Persistence
import Rules
import TestSupport

/// Loads, in turn, dumps whose users differ only in their text. In this way other load on the machine affects all of
/// them alike.
struct RestoreBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "restore")

  @Option var documents = 1_000_000
  @Option var directory: String
  @Option var rounds = 5

  private static let keyring = DumpKeyring(sealing: DumpKey("benchmark-key-0123456789abcdef012345"))

  func run() async throws {
    let dumps = try SampleText.allCases.map { text in (text, try write(text)) }
    var seconds: [[Double]] = Array(repeating: [], count: dumps.count)
    for round in 0...rounds {
      for (index, dump) in dumps.enumerated() {
        let time = try load(dump.1.path)
        // The first round fills the page cache.
        if round > 0 { seconds[index].append(time) }
      }
    }
    for (index, dump) in dumps.enumerated() {
      // The ratio is computed for each round, because the machine's speed changes between rounds.
      let ratio = median(zip(seconds[index], seconds[0]).map { $0 / $1 })
      print(
        dump.0.rawValue.padding(toLength: 44, withPad: " ", startingAt: 0),
        String(
          format: "%8.1f MB %8.3f s (%.3f … %.3f) %6.2f times plain", Double(dump.1.bytes) / 1e6,
          median(seconds[index]), seconds[index].min() ?? 0, seconds[index].max() ?? 0, ratio))
    }
  }

  private func location(_ text: SampleText) throws -> DumpLocation {
    try DumpLocation(path: directory + "/\(text).bin", workingDirectory: "/")
  }

  /// Writes the users with their spelling unchanged, which a dump of a store would not do.
  private func write(_ text: SampleText) throws -> (path: String, bytes: Int) {
    let location = try location(text)
    var dump = try DumpDirectory(location).beginDump(to: location, at: 1_795_464_697) { file in
      try DumpWriter(
        header: DumpHeader(createdAt: "2026-11-23T20:11:37.454068Z"), key: Self.keyring.sealing,
        sink: file)
    }
    try dump.beginGroup(Collections.users)
    for number in 0..<documents {
      try SampleUsers.bytes(number, text).withUnsafeBytes { try dump.append($0) }
    }
    let written = try dump.seal().publish()
    return (written.path, written.summary.bytes)
  }

  /// - Returns: the CPU seconds from the first byte to the loaded state. Every byte is authenticated before it is
  ///   parsed.
  private func load(_ path: String) throws -> Double {
    let ladder = Ladder(
      directory: DumpDirectory(try location(.plain)), keyring: Self.keyring, schemas: Collections.schemas)
    let start = Self.processorSeconds
    let restored = try ladder.load(path)
    let time = Self.processorSeconds - start
    guard restored.conflicts.isEmpty, restored.documents == documents else {
      throw HTTPFailure(description: "\(path) did not load as it was written")
    }
    return time
  }

  /// The CPU time of this process, because other load on the machine must not count.
  private static var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
