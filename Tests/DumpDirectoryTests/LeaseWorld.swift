import Clocks
import Foundation
import Synchronization
import TestSupport

@testable import DumpDirectory

/// A directory that several processes share, with a clock that tests move.
final class LeaseWorld: Sendable {
  let directory: String
  private let time = Mutex(Duration.zero)

  init(_ url: URL) {
    directory = url.path()
  }

  func pass(_ duration: Duration) { time.withLock { $0 += duration } }

  func keeper(
    _ name: String, kernel: String = "k", files: any FileOperations = LiveFileOperations(), dumps: Int = 0
  ) -> LeaseKeeper {
    let holder = LeaseHolder(name: name, host: "host-\(name)", process: 1, bootID: kernel)
    return LeaseKeeper(
      volume: LeaseVolume(directory: directory, holder: holder, files: files),
      steady: { [self] in time.withLock { $0 } }, highestEpochOfDumps: { dumps })
  }

  var reading: LeaseReading {
    get throws {
      try LeaseVolume(
        directory: directory, holder: LeaseHolder(name: "nobody", host: "", process: 0, bootID: "")
      ).readLease()
    }
  }

  /// Makes a keeper step every quarter of a second for some time.
  func step(_ keeper: inout LeaseKeeper, for duration: Duration) throws {
    for _ in 0..<(duration.milliseconds / 250) {
      pass(.milliseconds(250))
      try keeper.step()
    }
  }
}

/// Runs a test with a directory of its own.
func withWorld(_ body: (LeaseWorld, URL) throws -> Void) async throws {
  try await withTemporaryDirectory { (url: URL) async throws in try body(LeaseWorld(url), url) }
}
