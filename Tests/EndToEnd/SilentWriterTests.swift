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
}
