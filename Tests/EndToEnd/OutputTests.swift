import Foundation
import JSON
import TestSupport
import Testing

@Suite("Output that nobody reads")
struct OutputTests {
  /// Sends requests, each of which writes one log line. A long path makes a long line.
  private func call(_ gatehouse: GatehouseProcess, times: Int) throws {
    let connection = try HTTPConnection(port: gatehouse.port)
    let request = "GET /platform/\(String(repeating: "x", count: 3000)) HTTP/1.1\r\nHost: x\r\n\r\n"
    var open = 0
    for _ in 0..<times {
      try connection.send(request)
      open += 1
      if open == 20 {
        for _ in 0..<open { #expect(try connection.receive().status == 404) }
        open = 0
      }
    }
    for _ in 0..<open { #expect(try connection.receive().status == 404) }
  }

  @Test("of the gateway delays no request and no stop; the number of dropped lines is logged once it is read again")
  func service() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let pipe = try OutputPipe()
      let gatehouse = try GatehouseProcess(dumps: generated, output: pipe)
      defer { if gatehouse.isRunning { gatehouse.signal(SIGKILL) } }
      try gatehouse.waitUntilReady()
      let token = try gatehouse.logIn()
      // This is far more than the pipe and the queue hold: 8,000 lines of more than 600 bytes.
      try call(gatehouse, times: 8000)
      let answer = try gatehouse.send("POST", "/platform/group", token: token, json: ["group_name": "kept"])
      #expect(answer.status == 201)
      let text = try #require(
        eventually(within: .seconds(60)) { () -> String? in
          let text = gatehouse.log
          return text.contains("log.dropped=") ? text : nil
        })
      let paths = text.split(separator: "\n").filter { $0.contains("request.path=/platform/xxx") }
      #expect(paths.count > 2000)
      // Lines are complete, and no longer than the limit of a path.
      #expect(paths.allSatisfy { $0.utf8.count < 1000 && $0.contains("…") && $0.contains("response.status=404") })
      let dropped = text.firstMatch(of: /WARNING .* log\.dropped=([0-9]+)/).flatMap { Int($0.output.1) } ?? 0
      #expect(dropped > 100)
      // The pipe is full again, and the program is about to end.
      try call(gatehouse, times: 8000)
      let start = ContinuousClock.now
      #expect(try gatehouse.stop() == 0)
      #expect(ContinuousClock.now - start < .seconds(30))
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        #expect(try gatehouse.send("GET", "/platform/group/kept", token: gatehouse.logIn()).status == 200)
      }
    }
  }

  @Test("does not delay the end of a refused start or of a health check")
  func refusal() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let pipe = try OutputPipe()
      pipe.fill()
      let start = ContinuousClock.now
      let refused = try GatehouseProcess(dumps: generated, ["THREADS": "2"], output: pipe)
      #expect(try refused.waitForExit() == 78)
      let health = try GatehouseProcess(dumps: generated, ["PORT": "1"], arguments: ["health"], output: pipe)
      #expect(try health.waitForExit() == 1)
      let watching = try SidecarProcess.start(
        dumps: generated, ["SIDECAR_METRICS_PORT": "1"], ["health", "--watching"], output: pipe)
      #expect(try watching.waitForExit() == 1)
      #expect(ContinuousClock.now - start < .seconds(45))
    }
  }

  @Test("whose reader is gone ends no program and causes no busy loop")
  func closed() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let pipe = try OutputPipe()
      let gatehouse = try GatehouseProcess(dumps: root.appending(path: "generated"), output: pipe)
      defer { if gatehouse.isRunning { gatehouse.signal(SIGKILL) } }
      try gatehouse.waitUntilReady()
      pipe.closeReader()
      try call(gatehouse, times: 200)
      let before = try gatehouse.processorTime()
      let start = ContinuousClock.now
      while ContinuousClock.now - start < .seconds(2) {
        #expect(try gatehouse.send("GET", "/platform/monitor/liveness").status == 200)
        _ = poll(nil, 0, 100)
      }
      #expect(try gatehouse.processorTime() - before < .seconds(1))
      #expect(try gatehouse.stop() == 0)
    }
  }

  @Test(
    "that the parent has closed is not taken for a file or socket that is opened later", arguments: [">&-", ">&- 2>&-"])
  func noOutput(closing: String) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let script = root.appending(path: "without-output")
      try Data("#!/bin/sh\nexec \"$@\" \(closing)\n".utf8).write(to: script)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script.path())
      let generated = root.appending(path: "generated")
      let gatehouse = try GatehouseProcess(dumps: generated, through: script)
      defer { if gatehouse.isRunning { gatehouse.signal(SIGKILL) } }
      let descriptors = "/proc/\(gatehouse.identifier)/fd"
      // The task holds the lease, so all of its files are open.
      let lease = generated.appending(path: "lease.json").path()
      #expect(eventually { FileManager.default.fileExists(atPath: lease) ? true : nil } == true)
      for number in closing == ">&-" ? [1] : [1, 2] {
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(descriptors)/\(number)") == "/dev/null")
      }
      #expect(try gatehouse.stop() == 0)
      let gateway = try FakeGateway { _, _ in .hang }
      defer { gateway.server.stop() }
      let sidecar = try SidecarProcess.start(dumps: generated, port: gateway.server.port, through: script)
      #expect(eventually { gateway.server.count(of: "/platform/authorization") > 0 ? true : nil } == true)
      let output = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(sidecar.identifier)/fd/1")
      #expect(output == "/dev/null")
      sidecar.signal(SIGKILL)
    }
  }

  @Test("of the sidecar keeps its drain within the deadline, and a second signal ends it")
  func sidecar() async throws {
    for signals in 1...2 { try await untilUndisturbed { () async throws -> Bool in try await drain(signals) } }
  }

  /// Ends a sidecar, whose gateway writes no dump, with one signal to stop or two.
  ///
  /// - Returns: whether there is a receipt. When the drain is interrupted, it has half a second for it.
  private func drain(_ signals: Int) async throws -> Bool {
    try await withTemporaryDirectory { (root: URL) async throws -> Bool in
      let generated = root.appending(path: "generated")
      try FileManager.default.createDirectory(at: generated, withIntermediateDirectories: true)
      let gateway = try FakeGateway { _, _ in .hang }
      defer { gateway.server.stop() }
      let pipe = try OutputPipe()
      pipe.fill()
      let sidecar = try SidecarProcess.start(
        dumps: generated, port: gateway.server.port, ["DRAIN_DEADLINE": "12"], output: pipe)
      // It has logged in, but that message can't be read.
      #expect(eventually { gateway.server.count(of: "/platform/authorization") > 0 ? true : nil } == true)
      sidecar.signal(SIGTERM)
      #expect(eventually { gateway.server.count(of: "/platform/memory/dump") > 0 ? true : nil } == true)
      let start = ContinuousClock.now
      if signals == 2 {
        // This is too late to count as the same stop.
        _ = poll(nil, 0, 300)
        sidecar.signal(SIGTERM)
      }
      #expect(try sidecar.waitForExit() == (signals == 2 ? 1 : 75))
      #expect(ContinuousClock.now - start < .seconds(30))
      guard signals == 1 || names(in: generated).contains(where: { $0.hasPrefix("drain-") }) else { return false }
      #expect(try SidecarProcess.receipt(in: generated)["outcome"] == (signals == 2 ? "interrupted" : "timed_out"))
      return true
    }
  }

  @Test("on a volume that accepts no receipt either does not keep the sidecar from ending")
  func receipt() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      // There is a file in the place of the directory.
      let generated = root.appending(path: "generated")
      try Data().write(to: generated)
      let gateway = try FakeGateway { _, _ in .status(403) }
      defer { gateway.server.stop() }
      let pipe = try OutputPipe()
      pipe.fill()
      let sidecar = try SidecarProcess.start(dumps: generated, port: gateway.server.port, [:], ["drain"], output: pipe)
      let start = ContinuousClock.now
      #expect(try sidecar.waitForExit() != 0)
      #expect(ContinuousClock.now - start < .seconds(30))
    }
  }
}
