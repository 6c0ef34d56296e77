import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@Suite("While no task takes changes")
struct SilentWriterTests {
  @Test("a change waits for HANDOVER_WAIT, fails with the reason, and is not made later")
  func wait() async throws {
    let closed = try RefusingPort()
    try await LinkedTasks.with(["ADVERTISE_ADDRESS": "127.0.0.1:\(closed.port)", "HANDOVER_WAIT": "2"]) { tasks in
      let start = ContinuousClock.now
      let refused = try tasks.add("one")
      let time = ContinuousClock.now - start
      #expect(time >= .seconds(2))
      #expect(time < .seconds(40), "it took \(time)")
      #expect(refused.status == 503 && refused.code == "GTW504", "\(refused.text)")
      #expect(refused.text.contains("Nothing was changed"), "\(refused.text)")
      #expect(refused.header("retry-after") == "5")
      #expect(try tasks.add("two", to: tasks.writer).status == 201)
      #expect(try !tasks.has("one", tasks.writer))
      // Nothing goes on in the background.
      #expect(try tasks.standby.send("GET", "/metrics").text.contains("peer_calls_total{result=\"answered\"} 0\n"))
    }
    withExtendedLifetime(closed) {}
  }

  @Test("a change that the writer answered before it fell silent is read at the task on standby")
  func readBehindAnswer() async throws {
    try await LinkedTasks.with { (tasks: LinkedTasks) async throws in
      for number in 0..<5 {
        let name = "group-\(number)"
        #expect(try tasks.add(name, to: tasks.writer).status == 201)
        tasks.writer.signal(SIGSTOP)
        defer { tasks.writer.signal(SIGCONT) }
        #expect(try tasks.shows(name))
        #expect(eventually { (try? tasks.has(name)) == true ? true : nil } == true)
      }
    }
  }

  @Test("a read at the task on standby counts as an old one where the volume may lack an acknowledged change")
  func readBeforeVolume() async throws {
    let settings = ["MEM_JOURNAL": "interval", "MEM_JOURNAL_INTERVAL": "3600"]
    try await LinkedTasks.with(settings) { (tasks: LinkedTasks) async throws in
      #expect(try tasks.add("one", to: tasks.writer).status == 201)
      tasks.writer.signal(SIGSTOP)
      defer { tasks.writer.signal(SIGCONT) }
      // The writer can't be asked, and the volume does not have the change.
      for _ in 0..<3 {
        let before = try tasks.oldReads()
        #expect(try !tasks.has("one"))
        #expect(try tasks.oldReads() > before)
      }
    }
  }
}
