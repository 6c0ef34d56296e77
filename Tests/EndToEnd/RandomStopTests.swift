import Foundation
import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

/// Clients that create groups until the gateway stops accepting requests. They record which were acknowledged.
private final class Writers: Sendable {
  private let acknowledged = Mutex<Set<String>>([])
  private let running = Mutex(0)

  var names: Set<String> { acknowledged.withLock { $0 } }

  init(_ count: Int, port: Int, token: String, prefix: String) {
    running.withLock { $0 = count }
    for writer in 0..<count {
      Thread.detachNewThread { [self] in
        defer { running.withLock { $0 -= 1 } }
        guard let connection = try? HTTPConnection(port: port) else { return }
        for number in 0... {
          let name = "\(prefix)-\(writer)-\(number)"
          let body = #"{"group_name":"\#(name)"}"#
          let call =
            "POST /platform/group HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
          guard (try? connection.send(call)) != nil, let answer = try? connection.receive(), answer.status == 201 else {
            return
          }
          _ = acknowledged.withLock { $0.insert(name) }
        }
      }
    }
  }

  func waitForEnd() { #expect(eventually { running.withLock { $0 } == 0 ? true : nil } == true) }
}

private enum Stop: CaseIterable {
  case sidecarThenService
  case serviceThenSidecar
  case together
  case sidecarKilledInItsDrain
  case serviceAlone
  /// The gateway is killed after the drain, so every change acknowledged before the drain must be saved.
  case serviceKilledAfterDrain
}

@Suite("Random stops")
struct RandomStopTests {
  /// The four chains make 200 stops in total.
  @Test("lose no acknowledged change, whichever program stops first, and however it stops", arguments: 0..<4)
  func stops(chain: Int) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      var generator = SeededGenerator(seed: UInt64(chain) + 1)
      var expected: Set<String> = []
      for round in 0..<50 {
        let stop = try #require(Stop.allCases.randomElement(using: &generator))
        expected = try Self.round(
          "c\(chain)-\(round)", stop, generated, after: expected, using: &generator)
      }
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        try Self.expectGroups(expected, of: gatehouse)
      }
    }
  }

  /// - Returns: the changes of this round that the next start must load.
  private static func round(
    _ prefix: String, _ stop: Stop, _ generated: URL, after expected: Set<String>,
    using generator: inout SeededGenerator
  ) throws -> Set<String> {
    let gatehouse = try GatehouseProcess(dumps: generated, SidecarProcess.account)
    defer { gatehouse.signal(SIGKILL) }
    try gatehouse.waitUntilReady()
    let sidecar = try SidecarProcess.start(
      dumps: generated, port: gatehouse.port, ["KEEP_LAST": "3", "DRAIN_DEADLINE": "50"])
    defer { sidecar.signal(SIGKILL) }
    try expectGroups(expected, of: gatehouse)
    let writers = Writers(
      Int.random(in: 1...3, using: &generator), port: gatehouse.port, token: try gatehouse.logIn(), prefix: prefix)
    // A process that the loader has not started yet dies by a signal, so the first log line is awaited.
    #expect(eventually { sidecar.log.isEmpty ? nil : true } == true)
    // Some stops happen before the sidecar's first check, and some during a dump.
    if Bool.random(using: &generator) { try sidecar.waitForLog("logged in") }
    if Bool.random(using: &generator) { gatehouse.signal(SIGUSR1) }
    _ = poll(nil, 0, Int32.random(in: 0...120, using: &generator))
    let signal = Bool.random(using: &generator) ? SIGTERM : SIGINT
    let pause = Int32.random(in: 0...40, using: &generator)
    var acknowledged: Set<String>?
    switch stop {
    case .sidecarThenService:
      #expect(try sidecar.stop(signal) == 0, "\(sidecar.log)")
      #expect(try gatehouse.stop(signal) == 0)
    case .serviceThenSidecar:
      gatehouse.signal(signal)
      _ = poll(nil, 0, pause)
      #expect(try sidecar.stop(signal) == 0, "\(sidecar.log)")
      #expect(try gatehouse.waitForExit() == 0)
    case .together:
      gatehouse.signal(signal)
      sidecar.signal(signal)
      #expect(try gatehouse.waitForExit() == 0)
      #expect(try sidecar.waitForExit() == 0, "\(sidecar.log)")
    case .sidecarKilledInItsDrain:
      sidecar.signal(signal)
      _ = poll(nil, 0, pause)
      sidecar.signal(SIGKILL)
      #expect(try gatehouse.stop(signal) == 0)
    case .serviceAlone:
      #expect(try gatehouse.stop(signal) == 0)
      #expect(try sidecar.stop(signal) == 0, "\(sidecar.log)")
    case .serviceKilledAfterDrain:
      // If the sidecar never logged in before the drain, it may not yet have seen the gateway ready.
      try sidecar.waitForLog("logged in")
      acknowledged = writers.names
      #expect(try sidecar.stop(signal) == 0, "\(sidecar.log)")
      gatehouse.signal(SIGKILL)
      _ = try gatehouse.waitForExit()
    }
    writers.waitForEnd()
    return acknowledged ?? writers.names
  }

  private static func expectGroups(_ expected: Set<String>, of gatehouse: GatehouseProcess) throws {
    let token = try gatehouse.logIn()
    for name in expected.sorted() {
      let status = try gatehouse.send("GET", "/platform/group/\(name)", token: token).status
      guard status == 200 else {
        Issue.record("'\(name)' was acknowledged and is gone (\(status))\n\(gatehouse.log)")
        return
      }
    }
  }
}
