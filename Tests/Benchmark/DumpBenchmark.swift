import ArgumentParser
import DocumentStore
import DumpDirectory
import DumpFormat
import Foundation
import JSON
import Model
import Persistence
import Rules
import Synchronization
import TestSupport

/// Writes a dump of sample users, which a server can load at its start.
struct WriteDump: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "write-dump")

  @Option var documents = 1_000_000
  @Option var directory: String
  @Option var key: String
  @Option var format = "dmp2"

  func run() async throws {
    guard let format = DumpFormatName(rawValue: format) else { throw ValidationError("no format: \(format)") }
    var loader = CollectionLoader(schemas: Collections.schemas)
    for number in 0..<documents {
      try SampleUsers.bytes(number).withUnsafeBytes { try loader.append($0, to: Collections.users) }
    }
    let store = DocumentStore(schemas: Collections.schemas)
    store.replaceAll(with: loader.finish()) { _, _ in }
    let location = try DumpLocation(path: directory + "/memory_dump.bin", workingDirectory: "/")
    let job = DumpJob(
      directory: DumpDirectory(location), keyring: DumpKeyring(sealing: DumpKey(key)), format: format)
    print(try job.write(store.snapshot(), to: location).path)
  }
}

/// Loads one dump several times in this process, and writes it again.
struct LoadAndWrite: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "load-and-write")

  @Option var path: String
  @Option var key: String
  @Option var rounds = 5

  func run() async throws {
    let location = try DumpLocation(path: path, workingDirectory: "/")
    let (directory, keyring) = (DumpDirectory(location), DumpKeyring(sealing: DumpKey(key)))
    let ladder = Ladder(directory: directory, keyring: keyring, schemas: Collections.schemas)
    let clock = ContinuousClock()
    var (loads, writes) = ([[Double]](repeating: [], count: 2), [[Double]](repeating: [], count: 2))
    for round in 0...rounds {
      var (start, processor) = (clock.now, Self.processorSeconds)
      let restored = try ladder.load(path)
      // The first round fills the page cache.
      if round > 0 {
        loads[0].append((clock.now - start).seconds)
        loads[1].append(Self.processorSeconds - processor)
      }
      let store = DocumentStore(schemas: Collections.schemas)
      store.replaceAll(with: restored.contents) { _, _ in }
      guard let format = restored.summary?.format else { return }
      let job = DumpJob(directory: directory, keyring: keyring, format: format)
      (start, processor) = (clock.now, Self.processorSeconds)
      let written = try job.write(store.snapshot(), to: location)
      if round > 0 {
        writes[0].append((clock.now - start).seconds)
        writes[1].append(Self.processorSeconds - processor)
      }
      unlink(written.path)
    }
    for (name, times) in [("load", loads), ("write", writes)] {
      report("\(name): median", median(times[0]), "s")
      report("\(name): shortest", times[0].min() ?? 0, "s")
      report("\(name): processor time, median", median(times[1]), "s")
    }
  }

  private static var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

/// Requests dumps of a running server while another thread sends a liveness probe every 5 ms.
struct DumpBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "dump")

  @Option var port: Int
  @Option var token: String
  @Option var rounds = 5

  func run() async throws {
    let idle = try await Probes.during(port: port) { try await Task.sleep(for: .seconds(2)) }
    report("liveness without a dump: median", median(idle), "ms")
    report("liveness without a dump: longest", idle.max() ?? 0, "ms")
    var seconds: [Double] = []
    var longest: [Double] = []
    for _ in 0..<rounds {
      let clock = ContinuousClock()
      let start = clock.now
      let (port, token) = (port, token)
      let delays = try await Probes.during(port: port) {
        let connection = try HTTPConnection(port: port)
        try connection.send(
          "POST /platform/memory/dump HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\nContent-Length: 0\r\n\r\n"
        )
        let answer = try connection.receive()
        guard answer.status == 200 else { throw HTTPFailure(description: answer.text) }
      }
      seconds.append((clock.now - start).seconds)
      longest.append(delays.max() ?? 0)
    }
    report("dump, median of \(rounds)", median(seconds), "s")
    report("dump, longest", seconds.max() ?? 0, "s")
    report("liveness during dumps: longest, median of \(rounds)", median(longest), "ms")
    report("liveness during dumps: longest of all", longest.max() ?? 0, "ms")
  }
}

/// Sends `GET /platform/monitor/liveness` on one connection every 5 ms.
enum Probes {
  /// - Returns: the response times, in milliseconds.
  static func during(port: Int, _ work: @escaping @Sendable () async throws -> Void) async throws -> [Double] {
    let stop = StopFlag()
    let delays = Task.detached(priority: .high) {
      takeTurns(before: true)
      defer { takeTurns(before: false) }
      let connection = try HTTPConnection(port: port)
      let clock = ContinuousClock()
      var delays: [Double] = []
      while !stop.isSet {
        let start = clock.now
        try connection.send("GET /platform/monitor/liveness HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = try connection.receive()
        delays.append((clock.now - start).seconds * 1000)
        usleep(5000)
      }
      return delays
    }
    do {
      try await work()
    } catch {
      stop.set()
      throw error
    }
    stop.set()
    return try await delays.value
  }

  /// Lets the calling thread run before all usual ones, or as they do. A client on another machine does not wait for
  /// the gateway's processors either. Without the right to do so, the thread stays as it is.
  private static func takeTurns(before others: Bool) {
    var parameters = sched_param(sched_priority: others ? 1 : 0)
    sched_setscheduler(0, others ? SCHED_FIFO : SCHED_OTHER, &parameters)
  }
}

final class StopFlag: Sendable {
  private let flag = Mutex(false)

  var isSet: Bool { flag.withLock { $0 } }
  func set() { flag.withLock { $0 = true } }
}

/// The same users as commands for `redis-cli --pipe`.
struct RedisCommands: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "redis-commands")

  @Option var documents = 1_000_000

  func run() async throws {
    var buffer: [UInt8] = []
    for number in 0..<documents {
      let key = Array("users:\(SampleUsers.name(number))".utf8)
      let value = SampleUsers.bytes(number)
      buffer += Array("*3\r\n$3\r\nSET\r\n$\(key.count)\r\n".utf8) + key + Array("\r\n$\(value.count)\r\n".utf8) + value
      buffer += [13, 10]
      if buffer.count > 1 << 20 {
        FileHandle.standardOutput.write(Data(buffer))
        buffer.removeAll(keepingCapacity: true)
      }
    }
    FileHandle.standardOutput.write(Data(buffer))
  }
}

/// Waits until a Redis server has loaded its file, which is when it answers PING with PONG.
struct Ping: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "redis-ping")

  @Option var port: Int

  func run() async throws {
    let isUp = eventually(within: .seconds(120)) { () -> Bool? in
      guard let connection = try? HTTPConnection(port: port), (try? connection.send("PING\r\n")) != nil else {
        return nil
      }
      return connection.receivesPong() ? true : nil
    }
    guard isUp == true else { throw HTTPFailure(description: "no PONG") }
  }
}
