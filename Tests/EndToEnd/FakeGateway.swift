import Foundation
import JSON
import Synchronization
import TestSupport

/// A gateway whose responses a test decides, for cases that the real one never produces.
final class FakeGateway: Sendable {
  typealias Answer = LoopbackServer.Answer

  let server: LoopbackServer

  /// - Parameters:
  ///   - logIn: the response to a login with a number, counted from 1.
  ///   - dump: the response to a request for a dump with a number, counted from 1.
  init(
    readiness: @escaping @Sendable () -> Answer = { .json(#"{"status":"ready"}"#) },
    logIn: @escaping @Sendable (Int) -> Answer = { .json(#"{"access_token":"token-\#($0)"}"#) },
    dump: @escaping @Sendable (Int, LoopbackServer.Request) -> Answer
  ) throws {
    let counts = Counts()
    server = try LoopbackServer { request in
      switch request.path {
      case "/platform/monitor/readiness": readiness()
      case "/platform/authorization": logIn(counts.next("login"))
      case "/platform/memory/dump": dump(counts.next("dump"), request)
      default: .status(404)
      }
    }
  }

  private final class Counts: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    func next(_ name: String) -> Int {
      counts.withLock { counts in
        counts[name, default: 0] += 1
        return counts[name, default: 0]
      }
    }
  }

  static func wrote(_ path: String) -> Answer { .json(#"{"response":{"path":"\#(path)"}}"#) }
}

/// Calls the body with a dump directory that contains Doorman's dump.
func withDoormanDump(_ body: (_ generated: URL, _ dump: URL) async throws -> Void) async throws {
  try await withTemporaryDirectory { (root: URL) async throws in
    let generated = root.appending(path: "generated")
    try FileManager.default.createDirectory(at: generated, withIntermediateDirectories: true)
    let dump = generated.appending(path: "memory_dump-20261123T201137Z.bin")
    try FileManager.default.copyItem(at: Fixture.url(dump.lastPathComponent), to: dump)
    try await body(generated, dump)
  }
}

/// A counter from 1 for several threads.
final class Counter: Sendable {
  private let count = Mutex(0)

  func next() -> Int {
    count.withLock { count in
      count += 1
      return count
    }
  }
}

/// An event that one thread reports to another.
final class Flag: Sendable {
  private let value = Mutex(false)

  var isSet: Bool { value.withLock { $0 } }
  func set() { value.withLock { $0 = true } }
}
