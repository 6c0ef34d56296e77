import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// A change whose body is sent in two parts, so that it is in flight for as long as a test needs.
private struct SlowChange {
  let connection: HTTPConnection
  private let rest: [UInt8]

  init(_ gatehouse: GatehouseProcess, _ token: String, _ name: String) throws {
    let body = Array(#"{"group_name":"\#(name)"}"#.utf8)
    connection = try HTTPConnection(port: gatehouse.port)
    try connection.send(
      "POST /platform/group HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\nContent-Length: \(body.count)\r\n\r\n"
    )
    try connection.send(Array(body[..<5]))
    rest = Array(body[5...])
  }

  /// Sends the rest of the body.
  ///
  /// - Returns: the response, or `nil` when the gateway closed the connection. On a busy machine the other task needs
  ///   longer to take over than the time limit of a request.
  func finish() -> HTTPAnswer? {
    do {
      try connection.send(rest)
      return try connection.receive()
    } catch {
      return nil
    }
  }
}

private func addGroup(_ gatehouse: GatehouseProcess, _ token: String, _ name: String) throws -> HTTPAnswer {
  try gatehouse.send("POST", "/platform/group", token: token, json: ["group_name": .string(name)])
}

private func isWriter(_ gatehouse: GatehouseProcess) -> Bool {
  guard let answer = try? gatehouse.send("GET", "/platform/monitor/readiness").json.object else { return false }
  return answer["status"] == "ready" && answer["writer"] == nil
}

private func waitForWriter(_ gatehouse: GatehouseProcess) throws {
  guard eventually(within: .seconds(90), { isWriter(gatehouse) ? true : nil }) == true else {
    throw HTTPFailure(description: "it does not become the writer:\n\(gatehouse.log)")
  }
}

private func start(_ dumps: URL) throws -> GatehouseProcess {
  // With a journal every acknowledged change is on the volume, so none has to be kept aside.
  let gatehouse = try GatehouseProcess(dumps: dumps, ["MEM_JOURNAL": "off"])
  try gatehouse.waitUntilReady()
  return gatehouse
}

/// Makes changes, some in a second, until one is refused.
///
/// - Returns: the time until the last change that was acknowledged was sent. A busy machine does not make it longer.
private func acknowledgedFor(
  _ gatehouse: GatehouseProcess, _ token: String, _ prefix: String
) throws -> Duration {
  let start = ContinuousClock.now
  var (number, last) = (0, Duration.zero)
  let refused = try eventually { () -> HTTPAnswer? in
    number += 1
    let time = ContinuousClock.now - start
    let answer = try addGroup(gatehouse, token, "\(prefix)-\(number)")
    if answer.status != 201 { return answer }
    last = time
    _ = poll(nil, 0, 200)
    return nil
  }
  #expect(refused?.code == "GTW504", "\(refused?.text ?? "all were acknowledged")")
  #expect(refused?.text.contains("could not renew its lease") == true)
  return last
}

@Suite("Acknowledged changes")
struct AcknowledgementTests {
  @Test("a change that is in flight while the task is frozen and loses its lease, and one right after, are refused")
  func inFlight() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let first = try start(generated)
      let token = try first.logIn()
      #expect(try addGroup(first, token, "dumped").status == 201)
      #expect(try first.send("POST", "/platform/memory/dump", token: token).status == 200)
      let second = try start(generated)
      let slow = try (0..<12).map { try SlowChange(first, token, "slow-\($0)") }
      // Once every event loop has answered some requests, it has read the earlier request heads.
      for _ in 0..<16 { #expect(try first.send("GET", "/api/health").status == 200) }
      first.signal(SIGSTOP)
      try waitForWriter(second)
      #expect(try addGroup(second, token, "newer").status == 201)
      first.signal(SIGCONT)
      for change in slow {
        guard let answer = change.finish(), answer.status != 408 else { continue }
        #expect(answer.status == 503)
        #expect(answer.code == "GTW504")
      }
      for number in slow.indices {
        #expect(try first.send("GET", "/platform/group/slow-\(number)", token: token).status == 404)
      }
      #expect(try addGroup(first, token, "late").status == 503)
      #expect(try first.send("GET", "/platform/group/late", token: token).status == 404)
      #expect(try first.stop() == 0, "no change was lost, as all were refused or dumped")
      #expect(names(in: generated).contains("deposed") == false)
    }
  }

  @Test(
    "a full volume does not lose the lease: changes are refused after a while, and accepted again once there is space")
  func fullVolume() async throws {
    try await untilUndisturbed { () async throws -> Bool in
      var isKept = true
      try await withTemporaryDirectory { (root: URL) async throws in
        guard let volume = SmallVolume(root.appending(path: "generated"), size: "1m") else {
          try skip("this process may not mount a tmpfs")
          return
        }
        isKept = try keepsLease(volume)
      }
      return isKept
    }
  }

  /// Fills the volume of a holder beside which another task waits, and frees it again.
  ///
  /// - Returns: whether the holder kept its lease. Once there is space it has a second to renew it, for which a machine
  ///   may be too busy.
  private func keepsLease(_ volume: SmallVolume) throws -> Bool {
    let first = try start(volume.url)
    let token = try first.logIn()
    let second = try start(volume.url)
    #expect(try addGroup(first, token, "before").status == 201)
    volume.fill()
    let time = try acknowledgedFor(first, token, "full")
    #expect(time < .seconds(12))
    // This is longer than other tasks watch an unchanged lease.
    #expect(!first.logs("lost the lease", within: .seconds(8)))
    #expect(!second.log.contains("took over"))
    try FileManager.default.removeItem(at: volume.url.appending(path: "filler"))
    let isKept = eventually(within: .seconds(90)) { () -> Bool? in
      second.log.contains("took over") ? false : isWriter(first) ? true : nil
    }
    guard let isKept else { throw HTTPFailure(description: "nobody writes:\n\(first.log)") }
    guard isKept else { return false }
    #expect(try addGroup(first, token, "after").status == 201)
    #expect(!first.log.contains("lost the lease"))
    #expect(!second.log.contains("took over"))
    #expect(try first.stop() == 0)
    try waitForWriter(second)
    for name in ["before", "full-1", "after"] {
      #expect(try second.send("GET", "/platform/group/\(name)", token: token).status == 200)
    }
    return true
  }

  @Test(
    "a holder whose own mount hangs fences itself; its earlier changes are saved separately, and its exit code reports it"
  )
  func hangingMount() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      guard let one = HangingVolume(root.appending(path: "one"), over: generated),
        let two = HangingVolume(root.appending(path: "two"), over: generated)
      else {
        try skip("there is no FUSE, or no bindfs")
        return
      }
      defer { one.goOn() }
      let first = try start(one.url)
      let token = try first.logIn()
      #expect(try first.send("POST", "/platform/memory/dump", token: token).status == 200)
      // Two mounts on one kernel don't see each other's locks. A holder that is alive must not be considered dead.
      let second = try start(two.url)
      #expect(!isWriter(second))
      one.hang()
      let time = try acknowledgedFor(first, token, "hanging")
      #expect(time < .seconds(12))
      try waitForWriter(second)
      #expect(try addGroup(second, token, "newer").status == 201)
      one.goOn()
      try first.waitForLog("lost the lease")
      try first.waitForLog("kept in a dump of their own")
      let aside = generated.appending(path: "deposed")
      let kept = try #require(names(in: aside).first { $0.hasSuffix(".bin") })
      #expect(try first.stop() == 70)
      #expect(first.logs("acknowledged changes since the dump"))
      #expect(isWriter(second))
      #expect(try second.send("GET", "/platform/group/hanging-1", token: token).status == 404)
      // No task loads this dump by itself, but it can be restored by its name.
      let path = two.url.appending(path: "deposed/\(kept)").path()
      #expect(
        try second.send("POST", "/platform/memory/restore", token: token, json: ["path": .string(path)]).status == 200)
      #expect(try second.send("GET", "/platform/group/hanging-1", token: token).status == 200)
    }
  }

  @Test("the holder restores removed lease files, and no epoch is used twice")
  func removedFiles() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let first = try start(generated)
      let token = try first.logIn()
      first.signal(SIGSTOP)
      for name in names(in: generated) where name == "lease.json" || name.hasPrefix(".lease-epoch-") {
        try FileManager.default.removeItem(at: generated.appending(path: name))
      }
      let second = try start(generated)
      #expect(second.logs("standby"))
      first.signal(SIGCONT)
      #expect(
        eventually {
          names(in: generated).contains("lease.json") && names(in: generated).contains(".lease-epoch-1") ? true : nil
        }
          == true)
      #expect(eventually { (try? addGroup(first, token, "after"))?.status == 201 ? true : nil } == true)
      #expect(!isWriter(second))
      #expect(try first.stop() == 0)
      try waitForWriter(second)
      #expect(second.logs("lease.epoch=2"))
      #expect(try second.send("GET", "/platform/group/after", token: token).status == 200)
    }
  }

  @Test("a task that regains its lease saves its changes separately before another state replaces them, or waits")
  func regained() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let aside = generated.appending(path: "deposed")
      let first = try start(generated)
      let token = try first.logIn()
      #expect(try addGroup(first, token, "lost").status == 201)
      first.signal(SIGSTOP)
      let second = try start(generated)
      try waitForWriter(second)
      #expect(try addGroup(second, token, "newer").status == 201)
      #expect(try second.stop() == 0)
      // Nothing can be saved there.
      try Data().write(to: aside)
      first.signal(SIGCONT)
      try first.waitForLog("acknowledged changes are only in this task's memory, and they can't be kept aside yet")
      #expect(!isWriter(first))
      #expect(try first.send("GET", "/platform/group/lost", token: token).status == 200)
      try FileManager.default.removeItem(at: aside)
      try waitForWriter(first)
      #expect(try first.send("GET", "/platform/group/newer", token: token).status == 200)
      #expect(try first.send("GET", "/platform/group/lost", token: token).status == 404)
      let kept = try #require(names(in: aside).first { $0.hasSuffix(".bin") })
      #expect(try addGroup(first, token, "later").status == 201)
      #expect(try first.stop() == 70)
      #expect(first.logs("the last dump is safe"))
      #expect(first.logs("this task lost the lease for a while: 1 acknowledged changes"))
      #expect(first.logs("deposed/\(kept)"))
      // Everything of its last tenure is saved, so it released the lease.
      let third = try start(generated)
      #expect(isWriter(third))
      #expect(try third.send("GET", "/platform/group/later", token: token).status == 200)
    }
  }
}
