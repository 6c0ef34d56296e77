import Foundation
import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

/// Clients that create groups, each under names of its own, through a task that is ready: as behind a balancer.
private final class Writers: Sendable {
  private struct Record {
    var acknowledged: Set<String> = []
    var open: Set<String> = []
    var failures: [String] = []
    var longest = Duration.zero
  }

  private let record = Mutex(Record())
  private let isOver = Mutex(false)
  private let group = DispatchGroup()

  /// - Parameter tasks: the ports. A client goes to the next one when a task leaves.
  init(_ ports: [Int], count: Int, token: String) {
    for number in 0..<count {
      let thread = Thread { [self] in
        run(number, ports, token)
        group.leave()
      }
      group.enter()
      thread.start()
    }
  }

  var acknowledged: Set<String> { record.withLock { $0.acknowledged } }
  /// The names of changes whose connections broke off, so that nobody knows whether they were made. A task that stops
  /// stays for two seconds to answer, which is too short on a machine that is busy for longer.
  var open: Set<String> { record.withLock { $0.open } }
  var failures: [String] { record.withLock { $0.failures } }
  var longest: Duration { record.withLock { $0.longest } }

  /// Ends the clients, each after its present call.
  func stop() {
    isOver.withLock { $0 = true }
    group.wait()
  }

  private func run(_ number: Int, _ ports: [Int], _ token: String) {
    var (place, count) = (number % ports.count, 0)
    while !isOver.withLock({ $0 }) {
      let name = "w\(number)-\(count)"
      count += 1
      let start = ContinuousClock.now
      // A task that takes no connection, or says that it is stopping, has not made the change: a balancer asks another.
      var answer = create(name, ports[place], token)
      for _ in 0..<2 where answer.map({ $0.code == "GTW503" }) ?? true {
        place = (place + 1) % ports.count
        answer = create(name, ports[place], token)
      }
      let time = ContinuousClock.now - start
      record.withLock { record in
        record.longest = max(record.longest, time)
        if answer?.status == 201 {
          record.acknowledged.insert(name)
        } else if answer?.text.contains("The change may have been made") == true {
          record.open.insert(name)
        } else if !record.open.contains(name) {
          record.failures.append("\(name): \(answer.map { "\($0.status) \($0.text)" } ?? "no answer")")
        }
      }
    }
  }

  private func create(_ name: String, _ port: Int, _ token: String) -> HTTPAnswer? {
    guard let connection = try? HTTPConnection(port: port) else { return nil }
    let body = JSONWriter.bytes(["group_name": .string(name)] as JSONObject)
    let head =
      "POST /platform/group HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer \(token)\r\nContent-Type: application/json\r\nContent-Length: \(body.count)\r\n\r\n"
    do {
      try connection.send(Array(head.utf8) + body)
      return try connection.receive()
    } catch {
      record.withLock { _ = $0.open.insert(name) }
      return nil
    }
  }
}

/// The checks of a balancer, which asks a task for its readiness again and again.
private final class Checks: Sendable {
  private struct Record {
    var count = 0
    var refusals: [String] = []
  }

  private let record = Mutex(Record())
  private let isOver = Mutex(false)
  private let group = DispatchGroup()

  init(of port: Int) {
    let thread = Thread { [self] in
      while !isOver.withLock({ $0 }) {
        check(port)
        _ = poll(nil, 0, 10)
      }
      group.leave()
    }
    group.enter()
    thread.start()
  }

  var count: Int { record.withLock { $0.count } }
  var refusals: [String] { record.withLock { $0.refusals } }

  /// Ends the checks, after the present one.
  func stop() {
    isOver.withLock { $0 = true }
    group.wait()
  }

  private func check(_ port: Int) {
    let answer = try? Self.ask(port)
    record.withLock { record in
      record.count += 1
      if answer?.status != 200 { record.refusals.append(answer.map { "\($0.status) \($0.text)" } ?? "no answer") }
    }
  }

  private static func ask(_ port: Int) throws -> HTTPAnswer {
    let connection = try HTTPConnection(port: port)
    try connection.send("GET /platform/monitor/readiness HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    return try connection.receive()
  }
}

@Suite("A hand-over")
struct HandOverTests {
  @Test(
    "under clients of both tasks fails no change, loses none and makes none twice, and the next task stays ready",
    arguments: ["always", "interval"])
  func writers(mode: String) async throws {
    // The task on standby may be too busy to tell in time that it is current. Then the other one writes its last dump.
    try await untilUndisturbed { () async throws -> Bool in
      var (wasCurrent, isOpen) = (false, false)
      try await LinkedTasks.with(["MEM_JOURNAL": mode, "DRAIN_GRACE": "1"]) { tasks in
        #expect(Self.hears(tasks.writer, of: 1))
        let writers = Writers([tasks.writer.port, tasks.standby.port], count: 4, token: tasks.token)
        #expect(eventually { writers.acknowledged.count > 20 ? true : nil } == true)
        let checks = Checks(of: tasks.standby.port)
        #expect(try tasks.writer.stop() == 0)
        wasCurrent = tasks.writer.log.contains("stopped without a last dump: the journal has every change")
        let before = writers.acknowledged.count
        #expect(eventually { writers.acknowledged.count > before + 20 ? true : nil } == true)
        writers.stop()
        checks.stop()
        isOpen = !writers.open.isEmpty
        #expect(writers.failures == [])
        #expect(checks.refusals == [] && checks.count > 0)
        print("hand-over (\(mode)): \(writers.acknowledged.count) changes, the longest took \(writers.longest)")
        try Self.expectGroups(of: writers, in: tasks.standby, tasks.token)
        #expect(dumpNames(tasks.directory).isEmpty == wasCurrent)
        // All of it is on the volume.
        #expect(try tasks.standby.stop() == 0)
        try await withGatehouse(dumps: tasks.directory) { (next: GatehouseProcess) async throws in
          try Self.expectGroups(of: writers, in: next, try next.logIn())
        }
      }
      return wasCurrent && !isOpen
    }
  }

  @Test("comes with a last dump when there is no standby, and also when the last one has gone")
  func alone() async throws {
    try await LinkedTasks.with { tasks in
      #expect(try tasks.add("one").status == 201)
      #expect(Self.hears(tasks.writer, of: 1))
      tasks.standby.signal(SIGKILL)
      _ = try tasks.standby.waitForExit()
      // A task that was not heard of for 3 seconds is gone.
      #expect(Self.hears(tasks.writer, of: 0))
      #expect(try tasks.writer.stop() == 0)
      #expect(tasks.writer.logs("stopped; the last dump is safe"))
      #expect(names(in: tasks.directory).filter { $0.hasSuffix(".bin") }.count == 1)
    }
  }

  @Test("comes with a last dump when the journal can't take the last changes, and the next task has them")
  func withoutJournal() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let (library, trigger) = (root.appending(path: "failing-sync.so").path(), root.appending(path: "fail-now"))
      let source = try Fixture.url("failing-sync.c").path()
      guard try Wrapper.run(["clang", "-shared", "-fPIC", "-o", library, source]) else {
        try skip("there is no clang, which comes with Swift")
        return
      }
      let faults = ["LD_PRELOAD": library, "FAIL_WHEN": trigger.path()]
      let settings = faults.merging(["MEM_JOURNAL": "interval"]) { $1 }
      // The journal is asked only when the task on standby has told in time that it is current.
      try await untilUndisturbed { () async throws -> Bool in
        var wasCurrent = false
        try await LinkedTasks.with(settings, standby: faults.mapValues { _ in "" }) { tasks in
          #expect(try tasks.add("before").status == 201)
          #expect(Self.hears(tasks.writer, of: 1))
          try Data().write(to: trigger)
          // It is acknowledged at once, and the journal never has it.
          #expect(try tasks.add("last", to: tasks.writer).status == 201)
          #expect(try tasks.writer.stop() == 0)
          wasCurrent = tasks.writer.log.contains("the journal does not have the last changes")
          #expect(tasks.writer.logs("stopped; the last dump is safe"))
          #expect(dumpNames(tasks.directory).count == 1)
          #expect(try tasks.add("next").status == 201)
          for name in ["before", "last", "next"] { #expect(try tasks.has(name), "\(name)") }
        }
        try FileManager.default.removeItem(at: trigger)
        return wasCurrent
      }
    }
  }

  /// Waits until a task hears of so many others.
  private static func hears(_ task: GatehouseProcess, of count: Int) -> Bool {
    eventually {
      (try? task.send("GET", "/metrics").text.contains("\ngatehouse_standbys \(count)\n")) == true ? true : nil
    } == true
  }

  /// The groups of the clients are those that were acknowledged, each once, and maybe some of those that are open.
  private static func expectGroups(of writers: Writers, in task: GatehouseProcess, _ token: String) throws {
    var found: [String] = []
    var page = 1
    while true {
      let answer = try task.send("GET", "/platform/group/all?page=\(page)&page_size=200", token: token)
      let body = try #require(answer.json.object, "\(answer.status) \(answer.text)")
      let list = body["response"]?.object ?? body
      found += (list["groups"]?.array ?? []).compactMap { $0.object?["group_name"]?.string }
      guard list["has_next"] == true else { break }
      page += 1
    }
    let own = found.filter { $0.hasPrefix("w") }
    #expect(Set(own).count == own.count)
    #expect(writers.acknowledged.isSubset(of: own))
    #expect(Set(own).isSubset(of: writers.acknowledged.union(writers.open)))
  }
}
