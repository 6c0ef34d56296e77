import Foundation
import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

@Suite("Work that takes long")
struct PriorityTests {
  private final class Watch: Sendable {
    /// The nicenesses of all threads.
    let seen = Mutex<Set<Int>>([])
    let ofLoops = Mutex<Set<Int>>([])
    let isOver = Atomic(false)
  }

  /// By thread of a process: its name and its niceness, field 19 of proc(5).
  private static func threads(of process: Int32) throws -> [String: (name: Substring, niceness: Int)] {
    let tasks = "/proc/\(process)/task"
    return try FileManager.default.contentsOfDirectory(atPath: tasks).reduce(into: [:]) { threads, thread in
      // A thread may just have ended.
      guard let text = try? String(contentsOfFile: "\(tasks)/\(thread)/stat", encoding: .utf8),
        let (begin, end) = text.firstIndex(of: "(").flatMap({ begin in text.lastIndex(of: ")").map { (begin, $0) } })
      else { return }
      let fields = text[end...].split(separator: " ")
      threads[thread] = (text[text.index(after: begin)..<end], try #require(Int(fields[17])))
    }
  }

  @Test("gives way to calls: a hash of a password has a low priority, event loops have not, and nothing keeps it")
  func niceness() async throws {
    try await withGatehouse { gatehouse in
      let token = try gatehouse.logIn()
      let (watch, process) = (Watch(), gatehouse.identifier)
      // By their numbers: a thread that another one starts has that one's name at first.
      let loops = try Set(
        Self.threads(of: process).filter { $0.value.name.contains("ELT") || $0.value.name.contains("SGLTN") }.keys)
      // A thread of its own, as all others may wait for programs.
      Thread.detachNewThread {
        while !watch.isOver.load(ordering: .relaxed) {
          let found = (try? Self.threads(of: process)) ?? [:]
          // In this order: the test goes on as soon as it sees a low priority.
          watch.ofLoops.withLock { $0.formUnion(found.filter { loops.contains($0.key) }.values.map(\.niceness)) }
          watch.seen.withLock { $0.formUnion(found.values.map(\.niceness)) }
          usleep(5000)
        }
      }
      // Each takes a hash, and so does its login. The thread above may miss one on a busy machine.
      for number in 0..<10 where !watch.seen.withLock({ $0.contains(10) }) {
        _ = try gatehouse.createCaller("alice\(number)", token: token, apis: [])
      }
      watch.isOver.store(true, ordering: .relaxed)
      let ofLoops = watch.ofLoops.withLock { $0 }
      #expect(!ofLoops.isEmpty && ofLoops.allSatisfy { $0 <= 0 }, "\(ofLoops)")
      #expect(watch.seen.withLock { $0.contains(10) }, "\(watch.seen.withLock { $0 })")
      let dump = try gatehouse.send("POST", "/platform/memory/dump", token: token, json: [:])
      #expect(dump.status == 200)
      #expect(try gatehouse.send("POST", "/platform/memory/restore", token: token, json: [:]).status == 200)
      let isGone = try await eventuallyTrue { try Self.threads(of: process).values.allSatisfy { $0.niceness < 10 } }
      #expect(isGone)
    }
  }

  /// The calls of sched_yield(2) so far.
  private static func turns(_ calls: URL) throws -> Int {
    try String(contentsOf: calls, encoding: .utf8).split(separator: "\n").count { $0.contains("sched_yield(") }
  }

  @Test("gives other threads turns within a dump, as Linux may not look after them for 4 ms")
  func turns() async throws {
    try await withTemporaryDirectory { root in
      let calls = root.appending(path: "calls")
      let wrapper = try Wrapper.script(
        "turns", in: root, "strace -D -f --seccomp-bpf -qq -o '\(calls.path())' -e trace=sched_yield \"$@\"")
      guard try Wrapper.run([wrapper.path(), "true"]) else {
        try skip("strace does not work here")
        return
      }
      let gatehouse = try GatehouseProcess(dumps: root.appending(path: "generated"), through: wrapper)
      defer { gatehouse.signal(SIGKILL) }
      try gatehouse.waitUntilReady()
      let token = try gatehouse.logIn()
      // Text that no compressor makes disappear.
      let names = (0..<1000).map { JSONValue.string("x-\(UInt64($0) &* 0x9E37_79B9_7F4A_7C15)-of-a-long-name-ü") }
      for number in 0..<80 {
        try gatehouse.createAPI(
          "api\(number)", servers: ["http://127.0.0.1:9"], token: token, ["api_allowed_headers": .array(names)])
      }
      let before = try Self.turns(calls)
      #expect(try gatehouse.send("POST", "/platform/memory/dump", token: token, json: [:]).status == 200)
      // One for each 128 KiB that are read, and one for each that are compressed.
      let areGiven = eventually { () -> Bool? in
        (try? Self.turns(calls)).map { $0 - before >= 16 } == true ? true : nil
      }
      let count = try Self.turns(calls) - before
      #expect(areGiven == true, "\(count)")
    }
  }
}
