import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// The signals that end a process by default and do not request a stop. With glibc, SIGRTMIN is 34 and SIGRTMAX 64.
private let others: [Int32] = [
  SIGHUP, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGXCPU, SIGXFSZ, SIGSTKFLT, SIGPIPE, 34, 50, 64,
]

private func dumps(in directory: URL) -> [String] {
  names(in: directory).filter { $0.hasSuffix(".bin") }
}

/// Whether SIGTERM is blocked, according to `/proc/<pid>/status`.
private func blocksTermination(_ status: String) -> Bool {
  let mask = status.firstMatch(of: /SigBlk:\s*([0-9a-f]+)/).flatMap { UInt64($0.output.1, radix: 16) } ?? 0
  return mask & 1 << UInt64(SIGTERM - 1) != 0
}

/// The threads of a process that do not block all signals that end it. Only the thread that waits for them may be among
/// these.
private func openThreads(of process: Int32) throws -> [String] {
  let wanted = (others + [SIGTERM, SIGINT, SIGQUIT, SIGUSR1]).reduce(UInt64(0)) { $0 | 1 << UInt64($1 - 1) }
  let tasks = "/proc/\(process)/task"
  return try FileManager.default.contentsOfDirectory(atPath: tasks).filter { task in
    guard let status = try? String(contentsOfFile: "\(tasks)/\(task)/status", encoding: .utf8),
      let mask = status.firstMatch(of: /SigBlk:\s*([0-9a-f]+)/).flatMap({ UInt64($0.output.1, radix: 16) })
    else { return false }
    return mask & wanted != wanted
  }
}

/// Whether exactly one thread takes signals. The kernel shows its mask as open only while the thread waits for a
/// signal, so a busy machine may show none for a moment.
private func hasOneListener(_ process: Int32) throws -> Bool {
  let count = try eventually { try openThreads(of: process).count.nonZero }
  return count == 1
}

extension Int {
  fileprivate var nonZero: Int? { self == 0 ? nil : self }
}

@Suite("Signals to the gateway")
struct ServiceSignalTests {
  @Test("end it in order, whichever of the three asks for it", arguments: [SIGTERM, SIGINT, SIGQUIT])
  func stops(number: Int32) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        let before = dumps(in: generated).count
        #expect(try gatehouse.stop(number) == 0)
        #expect(dumps(in: generated).count == before + 1)
        #expect(gatehouse.logs("the last dump is safe"))
      }
    }
  }

  @Test("of every other kind are named in the log and do nothing, and no thread takes them")
  func others() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      #expect(try hasOneListener(gatehouse.identifier))
      for number in EndToEnd.others { gatehouse.signal(number) }
      // This is the last signal, so that the thread has handled all others: signals are taken in the order of their
      // numbers.
      #expect(gatehouse.logs("SIGRTMIN+30"))
      for name in ["SIGUSR2", "SIGALRM", "SIGPWR", "SIGSTKFLT", "SIGRTMIN+16"] {
        #expect(gatehouse.logs("signal ignored signal=\(name)"))
      }
      #expect(gatehouse.logs("SIGHUP changes nothing"))
      #expect(try gatehouse.send("GET", "/platform/monitor/readiness").status == 200)
      // Requests, logins and a dump start more threads.
      _ = try gatehouse.send("POST", "/platform/memory/dump", token: gatehouse.logIn())
      #expect(try hasOneListener(gatehouse.identifier))
      #expect(try gatehouse.stop() == 0)
    }
  }

  @Test(
    "in a burst lose no last dump",
    arguments: [[SIGINT, SIGTERM], [SIGTERM, SIGINT, SIGTERM, SIGINT, SIGQUIT], [SIGTERM, SIGTERM]], [0, 10, 40])
  func burst(signals: [Int32], pause: Int32) async throws {
    var isBurst = false
    for _ in 0..<5 where !isBurst { isBurst = try await sendBurst(signals, pause: pause) }
    #expect(isBurst, "the gateway ends without a last dump")
  }

  /// - Returns: whether the signals came in a burst.
  private func sendBurst(_ signals: [Int32], pause: Int32) async throws -> Bool {
    var isBurst = false
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        let answer = try gatehouse.send(
          "POST", "/platform/group", token: gatehouse.logIn(), json: ["group_name": "kept"])
        #expect(answer.status == 201)
        let before = dumps(in: generated).count
        for number in signals {
          gatehouse.signal(number)
          _ = poll(nil, 0, pause)
        }
        let code = try gatehouse.waitForExit()
        // On a busy machine a burst may take longer than the second in which all signals behind the second are one.
        guard code == 0 || !gatehouse.log.contains("third signal") else { return }
        isBurst = true
        #expect(code == 0)
        #expect(dumps(in: generated).count == before + 1)
      }
    }
    return isBurst
  }

  @Test("the second does not wait for calls in flight, and the last dump is written")
  func second() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        let connection = try HTTPConnection(port: gatehouse.port)
        // This body is never sent.
        try connection.send(
          "POST /platform/group HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\nContent-Length: 50\r\n\r\n{\"g"
        )
        #expect(eventually { try? ProgramTests().hasReadAll(gatehouse.port) ? true : nil } == true)
        gatehouse.signal(SIGTERM)
        let stopping = eventually { gatehouse.log.firstMatch(of: /stopping calls=([0-9]+)/)?.output.1 }
        try #require(stopping == "1")
        let before = dumps(in: generated).count
        let start = ContinuousClock.now
        gatehouse.signal(SIGTERM)
        #expect(try gatehouse.waitForExit() == 0)
        // Without the second signal it would wait for 15 seconds.
        #expect(ContinuousClock.now - start < .seconds(12))
        #expect(dumps(in: generated).count == before + 1)
        #expect(gatehouse.logs("second signal to stop"))
      }
    }
  }

  @Test("the third ends it at once when it comes at least a second after the second")
  func third() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      guard let volume = HangingVolume(root.appending(path: "generated"), over: root.appending(path: "behind")) else {
        return
      }
      defer { volume.goOn() }
      // Its log is beside the mount, not in it.
      try await withGatehouse(dumps: volume.url) { (gatehouse: GatehouseProcess) async throws in
        volume.hang()
        gatehouse.signal(SIGTERM)
        #expect(gatehouse.logs("stopping"))
        // Two numbers, as a signal that waits to be taken takes in others of its number.
        gatehouse.signal(SIGTERM)
        gatehouse.signal(SIGINT)
        #expect(gatehouse.logs("second signal"))
        #expect(gatehouse.logs("signal ignored"))
        // The test is about the time between the signals.
        _ = poll(nil, 0, 1050)
        #expect(gatehouse.isRunning)
        gatehouse.signal(SIGTERM)
        #expect(gatehouse.logs("third signal"))
        volume.goOn()
        #expect(try gatehouse.waitForExit() == 1)
      }
    }
  }
}

@Suite("Signals to the sidecar")
struct SidecarSignalTests {
  @Test(
    "drain and end it, whichever of the three asks for it; two at once are one", arguments: [SIGTERM, SIGINT, SIGQUIT])
  func drains(number: Int32) async throws {
    try await untilUndisturbed { () async throws -> Bool in
      var areOne = false
      try await withDoormanDump { generated, dump in
        let gateway = try FakeGateway { _, _ in .after(.seconds(1), FakeGateway.wrote(dump.path())) }
        defer { gateway.server.stop() }
        let sidecar = try SidecarProcess.start(dumps: generated, port: gateway.server.port)
        try sidecar.waitForLog("logged in")
        sidecar.signal(number)
        sidecar.signal(SIGINT)
        sidecar.signal(SIGTERM)
        let code = try sidecar.waitForExit()
        // They are one for a quarter of a second, and a busy machine may take longer to send them.
        areOne = code == 0 || !sidecar.log.contains("a second signal")
        guard areOne else { return }
        #expect(code == 0)
        #expect(try SidecarProcess.receipt(in: generated)["outcome"] == "drained")
        #expect(sidecar.logs("it came together with the first"))
      }
      return areOne
    }
  }

  @Test("of every other kind are named in the log and do nothing, and no thread takes them")
  func others() async throws {
    try await withDoormanDump { generated, dump in
      let gateway = try FakeGateway { _, _ in FakeGateway.wrote(dump.path()) }
      defer { gateway.server.stop() }
      let sidecar = try SidecarProcess.start(
        dumps: generated, port: gateway.server.port, ["SIDECAR_METRICS_PORT": "0"])
      try sidecar.waitForLog("logged in")
      #expect(try hasOneListener(sidecar.identifier))
      for number in EndToEnd.others + [SIGUSR1] { sidecar.signal(number) }
      try sidecar.waitForLog("SIGRTMIN+30")
      for name in ["SIGUSR1", "SIGUSR2", "SIGALRM", "SIGPWR", "SIGRTMIN+16"] {
        #expect(sidecar.logs("signal ignored signal=\(name)"))
      }
      #expect(sidecar.logs("SIGHUP changes nothing"))
      #expect(sidecar.isRunning)
      #expect(try sidecar.stop() == 0)
      #expect(try SidecarProcess.receipt(in: generated)["outcome"] == "drained")
    }
  }

  @Test("end a command as they end any other program")
  func command() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let pipe = try OutputPipe()
      pipe.fill()
      let help = try SidecarProcess.start(dumps: generated, [:], ["--help"], output: pipe)
      let list = try GatehouseProcess(dumps: generated, arguments: ["--help"], output: pipe)
      for identifier in [help.identifier, list.identifier] {
        // Once it prints output that nobody reads, it sleeps and does not block signals any more.
        let isWriting = eventually { () -> Bool? in
          let status = (try? String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8)) ?? ""
          return status.contains("State:\tS") && !blocksTermination(status) ? true : nil
        }
        #expect(isWriting == true)
      }
      #expect(try help.stop(SIGTERM) == -SIGTERM)
      #expect(try list.stop(SIGINT) == -SIGINT)
    }
  }
}

@Suite("A signal that comes early")
struct EarlySignalTests {
  /// Waits until the program has blocked a signal, which it does first after loading.
  private func waitUntilBlocked(_ process: Int32) {
    let isBlocked = eventually { () -> Bool? in
      guard let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8) else { return nil }
      return blocksTermination(status) ? true : nil
    }
    #expect(isBlocked == true)
  }

  @Test("ends the gateway in order, with exit code 0", arguments: [SIGTERM, SIGINT, SIGQUIT])
  func service(number: Int32) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      for round in 0..<5 {
        let home = root.appending(path: "\(round)")
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
        let gatehouse = try GatehouseProcess(dumps: home.appending(path: "generated"))
        waitUntilBlocked(gatehouse.identifier)
        // The signals arrive at the beginning and during several steps of the start.
        _ = poll(nil, 0, Int32(round * 15))
        #expect(try gatehouse.stop(number) == 0)
        #expect(gatehouse.logs("stopped"))
      }
    }
  }

  @Test("drains the sidecar, with exit code 0", arguments: [SIGTERM, SIGINT])
  func sidecar(number: Int32) async throws {
    try await withDoormanDump { generated, dump in
      let gateway = try FakeGateway { _, _ in FakeGateway.wrote(dump.path()) }
      defer { gateway.server.stop() }
      for round in 0..<5 {
        let sidecar = try SidecarProcess.start(dumps: generated, port: gateway.server.port)
        waitUntilBlocked(sidecar.identifier)
        _ = poll(nil, 0, Int32(round * 5))
        #expect(try sidecar.stop(number) == 0)
        #expect(try SidecarProcess.receipt(in: generated)["outcome"] == "drained")
      }
    }
  }
}
